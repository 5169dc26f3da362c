import type { ByteStream, ByteStreamListener } from '../../api/ttrpc/byte-stream.ts';
import type { HostHandle } from './host-calls.ts';
import { host } from './host.ts';
import { watchFor } from './watch-for.ts';

const readSize = 64 * 1024;
/** A turn of the loop reads at most so often from one peer, so that it does not keep the others waiting. */
const readsPerTurn = 4;
/** Over this, `write` asks for patience. */
const enoughQueued = 64 * 1024;

/**
 * A connected socket as ttrpc sees it. It owns the descriptor. What its listener throws ends this connection and nothing else.
 *
 * A peer that says it will send no more is answered what is queued, then the connection is closed: nobody half-closes here.
 */
export class FdStream implements ByteStream {
  readonly #fd: number;
  #watch: HostHandle | undefined;
  #listener: ByteStreamListener | undefined;
  #queue: Uint8Array[] = [];
  #queued = 0;
  #impatient = false;
  #paused = false;
  /** Nothing is read any more. */
  #closing = false;
  #closed = false;

  constructor(fd: number) {
    this.#fd = fd;
  }

  start(listener: ByteStreamListener): void {
    this.#listener = listener;
    if (this.#closed) {
      queueMicrotask(() => listener.closed());
      return;
    }
    this.#watch = host.watch(this.#fd, this.#interest(), (ready) => this.#ready(ready));
  }

  write(bytes: Uint8Array): boolean {
    if (this.#closing || this.#closed) return true;
    let rest = bytes;
    if (this.#queue.length === 0) {
      const taken = this.#send(bytes);
      if (taken === undefined || taken === bytes.length) return true;
      rest = bytes.subarray(taken);
    }
    this.#queue.push(rest);
    this.#queued += rest.length;
    this.#changeInterest();
    if (this.#queued < enoughQueued) return true;
    this.#impatient = true;
    return false;
  }

  pause(): void {
    this.#paused = true;
    this.#changeInterest();
  }

  resume(): void {
    this.#paused = false;
    this.#changeInterest();
  }

  close(): void {
    if (this.#closing || this.#closed) return;
    this.#closing = true;
    if (this.#queue.length === 0) this.#end();
    else this.#changeInterest();
  }

  #interest(): number {
    const reading = this.#paused || this.#closing ? 0 : watchFor.reading;
    return reading + (this.#queue.length > 0 ? watchFor.writing : 0);
  }

  #changeInterest(): void {
    if (this.#watch !== undefined) host.changeWatch(this.#watch, this.#interest());
  }

  #ready(ready: number): void {
    if ((ready & watchFor.writing) !== 0 && this.#queue.length > 0) this.#flush();
    if ((ready & watchFor.reading) !== 0) this.#receive();
  }

  #receive(): void {
    for (let turn = 0; turn < readsPerTurn && !this.#paused && !this.#closing && !this.#closed; turn++) {
      let chunk: Uint8Array | null;
      try {
        chunk = host.read(this.#fd, readSize);
      } catch (error) {
        this.#end(asError(error));
        return;
      }
      if (chunk === null) return;
      if (chunk.length === 0) {
        this.close();
        return;
      }
      try {
        this.#listener?.data(chunk);
      } catch (error) {
        this.#end(asError(error));
        return;
      }
      if (chunk.length < readSize) return;
    }
  }

  #flush(): void {
    for (let first = this.#queue[0]; first !== undefined; first = this.#queue[0]) {
      const taken = this.#send(first);
      if (taken === undefined) return;
      this.#queued -= taken;
      if (taken < first.length) {
        this.#queue[0] = first.subarray(taken);
        return;
      }
      this.#queue.shift();
    }
    if (this.#closing) {
      this.#end();
      return;
    }
    this.#changeInterest();
    if (!this.#impatient) return;
    this.#impatient = false;
    this.#listener?.drained();
  }

  /** How much was taken; undefined when the connection broke, which has been told then, or will be. */
  #send(bytes: Uint8Array): number | undefined {
    try {
      return host.write(this.#fd, bytes);
    } catch (error) {
      this.#end(asError(error));
      return undefined;
    }
  }

  /** Tells of it later: whoever closes or writes is not called back from within. */
  #end(error?: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#queue = [];
    this.#queued = 0;
    if (this.#watch !== undefined) host.endWatch(this.#watch);
    host.close(this.#fd);
    const listener = this.#listener;
    if (listener !== undefined) queueMicrotask(() => listener.closed(error));
  }
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
