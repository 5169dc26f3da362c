import { KindError } from '../../pkg/errors/kind-error.ts';
import type { Scope } from '../../pkg/scope/scope.ts';
import type { CollectableResource, CollectableResources } from '../gc/collectable-resources.ts';
import type { Stream, StreamManager } from './stream-manager.ts';

/** A stream and the lease that it was opened under. */
interface Kept {
  readonly stream: Stream;
  readonly lease: string | undefined;
}

/**
 * The streams that are open, in memory: they end with the connection that carries them, and one that was opened under a lease with
 * the lease.
 */
export class Streams implements StreamManager, CollectableResources {
  readonly kind = 'stream';
  readonly #byNamespace = new Map<string, Map<string, Kept>>();

  get(scope: Scope, id: string): Stream {
    const kept = this.#byNamespace.get(scope.namespace)?.get(id);
    if (kept === undefined) throw new KindError('not-found', `stream ${JSON.stringify(id)}`);
    return kept.stream;
  }

  register(scope: Scope, id: string, stream: Stream): Disposable {
    if (id === '' || id.length > 1024)
      throw new KindError('invalid-argument', 'stream id must have 1 to 1024 characters');
    const streams = this.#byNamespace.get(scope.namespace) ?? new Map<string, Kept>();
    if (streams.has(id)) throw new KindError('already-exists', `stream ${JSON.stringify(id)}`);
    const kept = { stream, lease: scope.lease };
    streams.set(id, kept);
    this.#byNamespace.set(scope.namespace, streams);
    return {
      [Symbol.dispose]: (): void => {
        if (streams.get(id) !== kept) return;
        streams.delete(id);
        if (streams.size === 0) this.#byNamespace.delete(scope.namespace);
      },
    };
  }

  *list(): IterableIterator<CollectableResource> {
    for (const [namespace, streams] of this.#byNamespace) {
      for (const [id, { stream, lease }] of streams) {
        yield { namespace, id, lease, active: lease === undefined, remove: () => stream.close() };
      }
    }
  }
}
