import type { Descriptor } from '../../pkg/oci/descriptor.ts';
import type { Scope } from '../../pkg/scope/scope.ts';

/** A name for content. */
export interface Image {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly target: Descriptor;
  /** Nanoseconds since 1970. */
  readonly createdAt: bigint;
  readonly updatedAt: bigint;
}

/** What a caller gives of an image. */
export type ImageFields = Pick<Image, 'name' | 'labels' | 'target'>;

/** How to delete an image. */
export interface DeleteImageOptions {
  /** Only if its target has this digest. */
  readonly target?: string | undefined;
  /** Wait until a garbage collection has removed what it alone kept. */
  readonly sync?: boolean;
}

/**
 * Keeps the names of images.
 *
 * An image points to a descriptor; the content need not be there. `create` refuses a name that is taken
 * (`already-exists`); `update` changes what `paths` name (`labels`, `labels.<key>`, `target`, `annotations`,
 * `annotations.<key>`) or everything but the creation time when `paths` is empty. Each change is followed by its event
 * (`/images/create`, `/images/update`, `/images/delete`) once it is on disk.
 *
 * Errors: `not-found` for an unknown name, and from `delete` for a target of another digest than the one asked for;
 * `invalid-argument` for an empty name, a bad target, labels over the limit, an unknown path.
 */
export interface ImageStore {
  get(scope: Scope, name: string): Promise<Image>;
  /** In bytewise order of the names. */
  list(scope: Scope, filters: readonly string[]): Promise<readonly Image[]>;
  create(scope: Scope, image: ImageFields): Promise<Image>;
  update(scope: Scope, image: ImageFields, paths: readonly string[]): Promise<Image>;
  /** Takes the name away; its content goes with a later garbage collection. */
  delete(scope: Scope, name: string, options?: DeleteImageOptions): Promise<void>;
}
