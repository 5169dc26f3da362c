import type { Platform } from '../platforms/platform.ts';

/** A pointer to content: OCI image spec, "Content Descriptors". */
export interface Descriptor {
  readonly mediaType: string;
  /** `<algorithm>:<hex>`. */
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  readonly annotations?: ReadonlyMap<string, string> | undefined;
  readonly platform?: Platform | undefined;
  /** Where else the content may be had; foreign layers are nowhere else. */
  readonly urls?: readonly string[] | undefined;
}
