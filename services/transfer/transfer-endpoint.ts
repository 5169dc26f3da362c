import type { Platform } from '../../pkg/platforms/platform.ts';
import type { CredentialSource } from './registry/credential-source.ts';
import type { HttpDebug } from './registry/http-debug.ts';

/** An image in a registry. */
export interface RegistryEndpoint {
  readonly type: 'registry';
  readonly reference: string;
  readonly credentials?: CredentialSource | undefined;
  /** Sent to the registry's hosts. */
  readonly headers: ReadonlyMap<string, string>;
  /** A directory of hosts' configurations in place of the daemon's; empty for that. */
  readonly hostDir: string;
  /** `http`, `https` or empty. */
  readonly defaultScheme: string;
  /** What the client wants to see of the requests that are made for it. */
  readonly debug?: HttpDebug | undefined;
}

/** A name, or a rule to make names, for an image beside its first. */
export interface ExtraReference {
  readonly name: string;
  /** The name wants a tag or digest. */
  readonly isPrefix: boolean;
  /** A full name that the content brings along may be another than the prefix. */
  readonly allowOverwrite: boolean;
  readonly addDigest: boolean;
  readonly skipNamedDigest: boolean;
}

/** What to unpack, and where. */
export interface UnpackRequest {
  readonly platform: Platform;
  /** Empty for the default. */
  readonly snapshotter: string;
}

/** Images of the image store. */
export interface ImageStoreEndpoint {
  readonly type: 'images';
  /** Empty when names come from `extraReferences`. */
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  /** Empty for all. */
  readonly platforms: readonly Platform[];
  /** Fetch the manifests and configurations of other platforms as well. */
  readonly allMetadata: boolean;
  /** The most manifests of an index; 0 for all. */
  readonly manifestLimit: number;
  readonly extraReferences: readonly ExtraReference[];
  readonly unpacks: readonly UnpackRequest[];
}

/** An archive that comes in. */
export interface ImportEndpoint {
  readonly type: 'import';
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Empty when the archive may be compressed. */
  readonly mediaType: string;
  readonly forceCompress: boolean;
}

/** Where the bytes of an archive go; disposing ends them. */
export interface ByteDestination extends Disposable {
  /** The buffer may be reused once the promise settles. */
  write(data: Uint8Array): Promise<void>;
}

/** An archive that goes out. */
export interface ExportEndpoint {
  readonly type: 'export';
  readonly bytes: ByteDestination;
  readonly mediaType: string;
  /** Empty for this machine's. */
  readonly platforms: readonly Platform[];
  readonly allPlatforms: boolean;
  readonly skipCompatibilityManifest: boolean;
  readonly skipNonDistributable: boolean;
}

/** What images can be moved from or to. */
export type TransferEndpoint = RegistryEndpoint | ImageStoreEndpoint | ImportEndpoint | ExportEndpoint;
