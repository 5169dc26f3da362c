import type { GrowingFile } from '../content/content-store.ts';
import { orAborted } from './or-aborted.ts';

/** Opens the file that a blob is being written into; undefined where there is none, or it is a blob by now. */
export type FollowBlob = () => Promise<GrowingFile | undefined>;

/** A blob on its way into the content store, or in it already. */
export class BlobArrival {
  /** Settles when the blob is there, verified, or will not come. May be left unobserved. */
  readonly fetched: Promise<void>;
  readonly #begun = Promise.withResolvers<FollowBlob | undefined>();

  /** @param fetch brings the blob, and may tell at its begin how it can be followed */
  constructor(fetch: (begun: (follow: FollowBlob) => void) => Promise<void>) {
    this.fetched = fetch((follow) => this.#begun.resolve(follow));
    const nothing = (): void => this.#begun.resolve(undefined);
    this.fetched.then(nothing, nothing);
  }

  /**
   * Waits until the blob is being written and gives its file; undefined where it cannot be followed: wait for `fetched` then.
   * @throws the signal's reason when that is aborted.
   */
  async follow(signal: AbortSignal | undefined): Promise<GrowingFile | undefined> {
    const follow = await orAborted(this.#begun.promise, signal);
    return await follow?.();
  }
}
