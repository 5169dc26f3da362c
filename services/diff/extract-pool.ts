import { availableParallelism } from 'node:os';
import { KindError } from '../../pkg/errors/kind-error.ts';
import { keptMemory } from '../../pkg/sys/kept-memory.ts';
import type { ExtractRequest, ExtractResult } from './extract-request.ts';
import { ExtractThread, type ExtractListener, type PooledTask } from './extract-thread.ts';

const maxThreads = Math.min(Math.max(availableParallelism(), 2), 4);

/**
 * Worker threads that unpack and pack layers: started when there is work, as many as there are processors, up to four, ended when there
 * has been none for some seconds; then their memory goes back to the system. Tasks wait their turn; one that waits for more of its
 * layer to arrive lets others take it.
 */
export class ExtractPool implements AsyncDisposable {
  readonly #threads = new Set<ExtractThread>();
  readonly #free = new Set<ExtractThread>();
  readonly #queue: PooledTask[] = [];

  /**
   * Runs a request; rejects with `signal`'s reason when it is aborted.
   * @throws KindError as the worker's task does.
   */
  async run(request: ExtractRequest, signal?: AbortSignal, listener: ExtractListener = {}): Promise<ExtractResult> {
    signal?.throwIfAborted();
    try {
      const result = await new Promise<ExtractResult>((resolve, reject) => {
        this.#queue.push({ request, signal, listener, resolve, reject });
        this.#next();
      });
      // The worker may have been done before it could see the cancellation.
      signal?.throwIfAborted();
      return result;
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  }

  #next(): void {
    for (const thread of this.#free) if (thread.resume()) this.#free.delete(thread);
    for (let task = this.#queue[0]; task !== undefined; task = this.#queue[0]) {
      if (task.signal?.aborted === true) {
        this.#queue.shift();
        task.reject(task.signal.reason);
        continue;
      }
      const thread = this.#take();
      if (thread === undefined) return;
      this.#queue.shift();
      thread.run(task);
    }
  }

  /** The free thread with the fewest parked tasks, or a new one where each has some. */
  #take(): ExtractThread | undefined {
    const [best] = [...this.#free].sort((a, b) => a.load - b.load);
    if (this.#threads.size < maxThreads && (best === undefined || best.load > 0)) return this.#start();
    if (best !== undefined) this.#free.delete(best);
    return best;
  }

  #start(): ExtractThread {
    const thread = new ExtractThread({
      onFree: (freed) => {
        // It may have been ended before it was done.
        if (!this.#threads.has(freed)) return;
        this.#free.add(freed);
        this.#next();
        if (this.#free.has(freed)) freed.rest();
      },
      onReady: () => this.#next(),
      onEnd: (ended) => {
        this.#threads.delete(ended);
        this.#free.delete(ended);
        if (this.#threads.size === 0) void keptMemory.release();
        this.#next();
      },
    });
    this.#threads.add(thread);
    return thread;
  }

  /** Ends the threads; tasks that are running or waiting fail. */
  async [Symbol.asyncDispose](): Promise<void> {
    const stopped = new KindError('unavailable', 'the differ is shutting down');
    for (const task of this.#queue.splice(0)) task.reject(stopped);
    await Promise.all([...this.#threads].map((thread) => thread.end()));
  }
}
