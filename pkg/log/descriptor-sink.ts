import { constants, fstatSync, openSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import type { LogSink } from './log-sink.ts';

const maxWaiting = 1024 * 1024;

/**
 * Writes lines to a descriptor.
 *
 * Each line is written at once, by a system call of its own, so that the last one is out when the process dies. Where
 * a reader could make that wait (a pipe, a socket) the descriptor is non-blocking: what does not fit waits in
 * memory, up to a megabyte, for the reader; past that lines are dropped and their number is told when there is room. A reader that
 * has gone is no error.
 */
export class DescriptorSink implements LogSink {
  readonly #fd: number;
  /** Drains what waits; there when the descriptor may be full. */
  #socket: Socket | undefined;
  #waiting = 0;
  #dropped = 0;
  #broken = false;
  #drained: PromiseWithResolvers<void> | undefined;

  private constructor(fd: number, socket: Socket | undefined) {
    this.#fd = fd;
    this.#socket = socket;
  }

  /** Takes over a descriptor, which stays open. */
  static open(fd: number): DescriptorSink {
    const stat = fstatSync(fd);
    // The flag belongs to the open file, which we may share: a pipe is opened anew.
    if (stat.isFIFO()) return new DescriptorSink(reopen(fd), undefined);
    // A socket cannot be; systemd's journal gives us one of our own.
    if (stat.isSocket()) return new DescriptorSink(fd, drainingSocket(fd));
    return new DescriptorSink(fd, undefined);
  }

  write(line: string): void {
    if (this.#broken) return;
    const bytes = Buffer.from(line);
    if (this.#waiting > 0) {
      this.#enqueue(bytes);
      return;
    }
    try {
      const written = writeSync(this.#fd, bytes);
      if (written < bytes.length) this.#enqueue(bytes.subarray(written));
    } catch (error) {
      if (isFull(error)) this.#enqueue(bytes);
      // Nobody is left to be told: the log itself is broken (a reader that has gone, a full disk).
      else if (isGone(error)) this.#broken = true;
    }
  }

  /** Settles when nothing waits any more or `milliseconds` have passed. */
  async flush(milliseconds: number): Promise<void> {
    if (this.#waiting === 0 || this.#broken) return;
    this.#drained ??= Promise.withResolvers();
    const timer = setTimeout(this.#drained.resolve, milliseconds);
    await this.#drained.promise;
    clearTimeout(timer);
  }

  #enqueue(bytes: Buffer): void {
    if (this.#waiting + bytes.length > maxWaiting) {
      this.#dropped++;
      return;
    }
    this.#socket ??= drainingSocket(this.#fd);
    this.#waiting += bytes.length;
    this.#socket.write(bytes, (error) => {
      if (error) this.#broken = true;
      this.#waiting -= bytes.length;
      if (this.#waiting === 0 || this.#broken) this.#settle();
    });
  }

  #settle(): void {
    this.#drained?.resolve();
    this.#drained = undefined;
    const dropped = this.#dropped;
    this.#dropped = 0;
    if (dropped > 0) this.write(`level=warning msg="${dropped} lines dropped: the log's reader is too slow"\n`);
  }
}

function reopen(fd: number): number {
  try {
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    // No reader is left, or /proc is not there: as it is.
    return fd;
  }
}

function drainingSocket(fd: number): Socket {
  const socket = new Socket({ fd, readable: false, writable: true });
  // What failed is told to the write's callback.
  socket.on('error', () => undefined);
  socket.unref();
  return socket;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function isFull(error: unknown): boolean {
  return codeOf(error) === 'EAGAIN';
}

function isGone(error: unknown): boolean {
  return codeOf(error) === 'EPIPE' || codeOf(error) === 'ECONNRESET' || codeOf(error) === 'EBADF';
}
