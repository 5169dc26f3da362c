import { closeSync, constants, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import type { Logger } from '../../pkg/log/logger.ts';
import { makeFifo } from '../../pkg/sys/make-fifo.ts';
import { isSystemError } from '../../pkg/sys/system-error.ts';

/** Longer lines are cut. Bytes. */
const maxLine = 4096;
/** What one shim may write to our log in {@link window}; more is counted and dropped. Bytes. */
const budget = 64 * 1024;
/** Milliseconds. */
const window = 10_000;
/** Milliseconds between two looks at what a shim writes that has spent its share: each look costs time that is everybody's. */
const breather = 100;

/**
 * Copies what a shim writes to the FIFO `log` of its bundle to our log, a line at a time and no more than a
 * noisy shim's share.
 *
 * The FIFO is opened for both directions without waiting: there is always a reader, even before the shim opens it,
 * and the descriptor lives on the event loop, since an open FIFO would occupy a thread of the pool.
 */
export class ShimLog implements Disposable {
  readonly #socket: Socket;
  readonly #log: Logger;
  #resume: NodeJS.Timeout | undefined;
  #rest = '';
  #windowStart = 0;
  #spent = 0;
  #dropped = 0;

  /** Makes the FIFO if need be. @throws SystemError when it cannot be made or opened. */
  constructor(bundlePath: string, log: Logger) {
    this.#log = log;
    const fd = openFifo(join(bundlePath, 'log'));
    try {
      this.#socket = new Socket({ fd, readable: true, writable: false });
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    this.#socket.setEncoding('utf8');
    this.#socket.on('data', (chunk: string) => this.#read(chunk));
    this.#socket.on('error', (error) => log.debug('shim log cannot be read', { error }));
  }

  /** Stops reading; idempotent. */
  [Symbol.dispose](): void {
    clearTimeout(this.#resume);
    this.#socket.destroy();
    if (this.#rest !== '') this.#write(this.#rest);
    this.#rest = '';
  }

  #read(chunk: string): void {
    this.#spend(chunk.length);
    const lines = (this.#rest + chunk).split('\n');
    this.#rest = (lines.pop() ?? '').slice(0, maxLine);
    for (const line of lines) this.#write(line);
    if (this.#spent <= budget) return;
    this.#socket.pause();
    this.#resume = setTimeout(() => this.#socket.resume(), breather).unref();
  }

  #spend(length: number): void {
    const now = Date.now();
    if (now - this.#windowStart > window) {
      if (this.#dropped > 0) this.#log.warn('shim log: lines dropped', { lines: this.#dropped });
      this.#windowStart = now;
      this.#spent = 0;
      this.#dropped = 0;
    }
    this.#spent += length;
  }

  #write(line: string): void {
    if (line.trim() === '') return;
    if (this.#spent > budget) {
      this.#dropped += 1;
      return;
    }
    const text = line.slice(0, maxLine);
    // What a shim finds worth mentioning of each start is detail to the daemon.
    if (/\blevel=(error|fatal|panic)\b/.test(text)) this.#log.error('shim log', { line: text });
    else if (/\blevel=warning\b/.test(text)) this.#log.warn('shim log', { line: text });
    else if (/\blevel=(info|debug|trace)\b/.test(text)) this.#log.debug('shim log', { line: text });
    else this.#log.info('shim log', { line: text });
  }
}

function openFifo(path: string): number {
  try {
    makeFifo(path, 0o700);
  } catch (error) {
    if (!isSystemError(error, 'EEXIST')) throw error;
  }
  return openSync(path, constants.O_RDWR | constants.O_NONBLOCK | constants.O_NOFOLLOW);
}
