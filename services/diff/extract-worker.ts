import { parentPort } from 'node:worker_threads';
import { KindError } from '../../pkg/errors/kind-error.ts';
import { kindOf } from '../../pkg/errors/kind-of.ts';
import { isSystemError } from '../../pkg/sys/system-error.ts';
import { extractLayer } from './extract-layer.ts';
import {
  sharedAt,
  type ExtractAnswer,
  type ExtractResult,
  type ExtractTask,
  type ResumeTask,
} from './extract-request.ts';
import { fixImpliedDirectories } from './fix-implied-directories.ts';
import { packLayer } from './pack-layer.ts';

// The entry point of a worker thread. Each request is answered by `done` or `failed`; while one waits to be resumed, others are done.

const progressStep = 1024 * 1024;
/** Pieces on their way to whoever stores them. */
const maxPieces = 8;

/** The tasks that wait to be resumed, by their ids. */
const starved = new Map<number, () => void>();

/** One request at work. */
class Work {
  readonly #task: ExtractTask;
  #told = 0;

  constructor(task: ExtractTask) {
    this.#task = task;
  }

  async run(): Promise<void> {
    try {
      this.#post({ kind: 'done', result: await this.#perform() });
    } catch (error) {
      const kind = isSystemError(error, 'ENOSPC', 'EDQUOT') ? 'resource-exhausted' : kindOf(error);
      const detail = error instanceof KindError ? error.detail : error instanceof Error ? error.message : String(error);
      this.#post({ kind: 'failed', error: kind, detail });
    }
    // What read ahead may be waiting still.
    starved.delete(this.#task.id);
  }

  async #perform(): Promise<ExtractResult> {
    const { request } = this.#task;
    if (request.kind === 'fix') {
      fixImpliedDirectories(request.root, request.lowers, request.directories);
      return { digest: '', size: 0, implied: [], unreadable: false };
    }
    const checkpoint = (): void => this.#checkpoint();
    if (request.kind === 'pack') return await packLayer(request, checkpoint, (bytes) => this.#send(bytes));
    const onRead = (bytes: number): void => this.#progress(bytes);
    const onStarved = async (bytes: number): Promise<void> => await this.#starve(bytes);
    return await extractLayer(request, checkpoint, { onRead, onStarved });
  }

  #checkpoint(): void {
    if (Atomics.load(this.#task.shared, sharedAt.cancelled) !== 0) {
      throw new KindError('canceled', 'layer is no longer wanted');
    }
  }

  #progress(bytes: number): void {
    if (bytes - this.#told < progressStep) return;
    this.#told = bytes;
    this.#post({ kind: 'progress', bytes });
  }

  async #starve(bytes: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    starved.set(this.#task.id, resolve);
    this.#post({ kind: 'starved', bytes });
    await promise;
    this.#checkpoint();
  }

  /** Sends a copy of a piece, once there is room for it. */
  #send(bytes: Uint8Array): void {
    const { shared } = this.#task;
    for (;;) {
      this.#checkpoint();
      const waiting = Atomics.load(shared, sharedAt.pieces);
      if (waiting < maxPieces) break;
      Atomics.wait(shared, sharedAt.pieces, waiting);
    }
    Atomics.add(shared, sharedAt.pieces, 1);
    const copy = Uint8Array.from(bytes);
    this.#post({ kind: 'piece', bytes: copy }, [copy.buffer]);
  }

  #post(answer: ExtractAnswer, transfer: readonly ArrayBuffer[] = []): void {
    parentPort?.postMessage({ id: this.#task.id, ...answer }, transfer);
  }
}

parentPort?.on('message', (message: ExtractTask | ResumeTask) => {
  if (message.kind === 'task') {
    void new Work(message).run();
    return;
  }
  const resume = starved.get(message.id);
  starved.delete(message.id);
  resume?.();
});
