import { Worker } from 'node:worker_threads';
import { KindError } from '../../pkg/errors/kind-error.ts';
import { workerUrl } from '../../pkg/worker/worker-url.ts';
import {
  sharedAt,
  type ExtractReply,
  type ExtractRequest,
  type ExtractResult,
  type ExtractTask,
  type ResumeTask,
} from './extract-request.ts';

/** A worker costs some 10 MB: it goes when nothing has been unpacked for a while. */
const idleMilliseconds = 3000;
/** MiB. Garbage is what most of a worker's heap is; what lasts is a layer's directories, of which no image has this many. */
const resourceLimits = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 256 };

/** What whoever asks wants to be told of on the way. */
export interface ExtractListener {
  readonly onProgress?: ((bytes: number) => void) | undefined;
  /** Gets the pieces of a layer that is made, one after the other; a rejection ends the work. */
  readonly onPiece?: ((bytes: Uint8Array) => Promise<void>) | undefined;
  /** All `bytes` of a layer that have arrived were read: the work goes on once this resolves; a rejection ends it. */
  readonly onStarved?: ((bytes: number) => Promise<void>) | undefined;
}

/** A request, and who waits for what comes of it. */
export interface PooledTask {
  readonly request: ExtractRequest;
  readonly signal: AbortSignal | undefined;
  readonly listener: ExtractListener;
  readonly resolve: (result: ExtractResult) => void;
  readonly reject: (error: unknown) => void;
}

/** A task that a thread has begun. */
class BegunTask {
  readonly id: number;
  readonly #task: PooledTask;
  readonly #shared = new Int32Array(new SharedArrayBuffer(8));
  readonly #onCancel: (task: BegunTask) => void;
  /** The pieces that were handed on. */
  #pieces: Promise<void> = Promise.resolve();
  #cancelled = false;
  readonly #cancel = (): void => this.cancel();

  constructor(id: number, task: PooledTask, onCancel: (task: BegunTask) => void) {
    this.id = id;
    this.#task = task;
    this.#onCancel = onCancel;
    task.signal?.addEventListener('abort', this.#cancel, { once: true });
  }

  get cancelled(): boolean {
    return this.#cancelled;
  }

  get message(): ExtractTask {
    return { kind: 'task', id: this.id, request: this.#task.request, shared: this.#shared };
  }

  /** The thread answers all the same, with a failure unless it was done. */
  cancel(): void {
    this.#cancelled = true;
    Atomics.store(this.#shared, sharedAt.cancelled, 1);
    // It may be waiting for room, or about to: the number must not be the one that it saw.
    Atomics.store(this.#shared, sharedAt.pieces, 0);
    Atomics.notify(this.#shared, sharedAt.pieces);
    this.#onCancel(this);
  }

  progress(bytes: number): void {
    this.#task.listener.onProgress?.(bytes);
  }

  /** Resolves when the work may go on; when there is no more to come it is cancelled. */
  async starved(bytes: number): Promise<void> {
    try {
      await this.#task.listener.onStarved?.(bytes);
    } catch {
      this.cancel();
    }
  }

  /** Hands a piece on when those before it were taken, and then lets the thread send another. */
  handOn(bytes: Uint8Array): void {
    this.#pieces = this.#pieces.then(async () => {
      await this.#task.listener.onPiece?.(bytes);
      Atomics.sub(this.#shared, sharedAt.pieces, 1);
      Atomics.notify(this.#shared, sharedAt.pieces);
    });
    this.#pieces.catch(this.#cancel);
  }

  /** Tells how the work ended, once all pieces were taken. */
  async finish(reply: Extract<ExtractReply, { kind: 'done' | 'failed' }>): Promise<void> {
    try {
      await this.#pieces;
      if (reply.kind === 'failed') throw new KindError(reply.error, reply.detail);
      this.#letGo();
      this.#task.resolve(reply.result);
    } catch (error) {
      this.fail(error);
    }
  }

  fail(error: unknown): void {
    this.#letGo();
    this.#task.reject(error);
  }

  #letGo(): void {
    this.#task.signal?.removeEventListener('abort', this.#cancel);
  }
}

/** What a thread has to say to its pool. */
export interface ThreadListener {
  /** It can take a task, or resume one. */
  onFree(thread: ExtractThread): void;
  /** A task that waited can be resumed. */
  onReady(thread: ExtractThread): void;
  onEnd(thread: ExtractThread): void;
}

/**
 * One worker thread. It works at one task; others, which wait until more of their layers has arrived, are parked meanwhile: they can
 * be resumed only here.
 */
export class ExtractThread {
  readonly #worker: Worker;
  readonly #listener: ThreadListener;
  readonly #tasks = new Map<number, BegunTask>();
  /** The tasks that can be resumed. */
  readonly #ready: BegunTask[] = [];
  #working: BegunTask | undefined;
  #lastId = 0;
  #idle: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(listener: ThreadListener) {
    this.#listener = listener;
    this.#worker = new Worker(workerUrl('extract-worker', import.meta.url), { name: 'extract', resourceLimits });
    this.#worker.on('message', (reply: ExtractReply) => this.#receive(reply));
    this.#worker.on('error', (error) => this.#fail(describe(error)));
    this.#worker.on('exit', (code) => {
      this.#fail(new KindError('internal', `extraction thread ended with code ${code}`));
    });
  }

  /** How many tasks it has, of which it works at one at most. */
  get load(): number {
    return this.#tasks.size;
  }

  run(task: PooledTask): void {
    const begun = new BegunTask(++this.#lastId, task, (each) => this.#wake(each));
    this.#tasks.set(begun.id, begun);
    this.#work(begun);
    this.#worker.postMessage(begun.message);
  }

  /** Goes on with a task that was parked; false when none can be. */
  resume(): boolean {
    const task = this.#ready.shift();
    if (task === undefined) return false;
    this.#work(task);
    this.#post(task);
    return true;
  }

  /** There is nothing to do at the moment: ends the thread after a while, unless it gets work or has some parked. */
  rest(): void {
    clearTimeout(this.#idle);
    if (this.#tasks.size > 0) return;
    this.#worker.unref();
    this.#idle = setTimeout(() => void this.end(), idleMilliseconds).unref();
  }

  async end(): Promise<void> {
    this.#end();
    await this.#worker.terminate();
  }

  #work(task: BegunTask): void {
    clearTimeout(this.#idle);
    this.#worker.ref();
    this.#working = task;
  }

  #post(task: BegunTask): void {
    this.#worker.postMessage({ kind: 'resume', id: task.id } satisfies ResumeTask);
  }

  /** A parked task that is cancelled need not wait for its turn to end. */
  #wake(task: BegunTask): void {
    if (this.#working === task || !this.#tasks.has(task.id)) return;
    const at = this.#ready.indexOf(task);
    if (at >= 0) this.#ready.splice(at, 1);
    this.#post(task);
  }

  #receive(reply: ExtractReply): void {
    const task = this.#tasks.get(reply.id);
    if (task === undefined) return;
    if (reply.kind === 'progress') task.progress(reply.bytes);
    else if (reply.kind === 'piece') task.handOn(reply.bytes);
    else if (reply.kind === 'starved') void this.#park(task, reply.bytes);
    else void task.finish(reply).then(() => this.#forget(task));
  }

  async #park(task: BegunTask, bytes: number): Promise<void> {
    this.#leave(task);
    if (!task.cancelled) await task.starved(bytes);
    // Who was cancelled while at work could not be woken.
    if (task.cancelled) return this.#wake(task);
    // What it had read before may have been no good.
    if (!this.#tasks.has(task.id)) return;
    this.#ready.push(task);
    this.#listener.onReady(this);
  }

  #forget(task: BegunTask): void {
    if (!this.#tasks.delete(task.id)) return;
    if (this.#working === task) this.#leave(task);
    else if (this.#working === undefined) this.#listener.onFree(this);
  }

  /** The task is not worked at any more. */
  #leave(task: BegunTask): void {
    if (this.#working !== task) return;
    this.#working = undefined;
    this.#listener.onFree(this);
  }

  #fail(error: unknown): void {
    for (const task of this.#tasks.values()) task.fail(error);
    this.#tasks.clear();
    this.#end();
  }

  #end(): void {
    clearTimeout(this.#idle);
    if (this.#ended) return;
    this.#ended = true;
    this.#listener.onEnd(this);
  }
}

function describe(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error) || error.code !== 'ERR_WORKER_OUT_OF_MEMORY') return error;
  return new KindError('resource-exhausted', 'memory for unpacking a layer', { cause: error });
}
