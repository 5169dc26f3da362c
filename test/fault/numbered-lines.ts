import assert from 'node:assert/strict';
import { once } from 'node:events';
import { closeSync, constants, openSync, readFileSync, watch } from 'node:fs';
import { Socket } from 'node:net';

/** What a container runs to write lines 1, 2, 3 … until it is killed. */
export const writeNumberedLines = 'i=1; while sleep 0.1; do echo $i; i=$((i+1)); done';

/** The output of a container that runs {@link writeNumberedLines}: nothing of it may be lost. */
export interface NumberedLines {
  /** Waits until a line has come that was not there at the call. */
  more(): Promise<void>;
  /** @throws AssertionError when a line is missing, torn or doubled. */
  check(): void;
}

function checkLines(text: string): void {
  const lines = text.split('\n');
  // The last one may not be whole yet.
  lines.pop();
  lines.forEach((line, index) => assert.equal(line, String(index + 1), `line ${String(index + 1)} of the output`));
}

/** @throws AssertionError when a line is torn, doubled or out of its order. */
function countMissing(text: string): number {
  const lines = text.split('\n');
  lines.pop();
  let last = 0;
  for (const line of lines) {
    assert.match(line, /^[1-9]\d*$/, `after line ${String(last)} of the output`);
    assert.ok(Number(line) > last, `after line ${String(last)} of the output comes ${line}`);
    last = Number(line);
  }
  return last - lines.length;
}

/** Lines that the shim writes to a file. */
export class LinesInFile implements NumberedLines {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  async more(): Promise<void> {
    const watcher = watch(this.#path);
    try {
      const before = readFileSync(this.#path).length;
      while (readFileSync(this.#path).length === before) await once(watcher, 'change');
    } finally {
      watcher.close();
    }
  }

  check(): void {
    checkLines(readFileSync(this.#path, 'utf8'));
  }

  /**
   * How many lines are missing: for when shims die, with what one has read and not written yet.
   * @throws AssertionError when a line is torn, doubled or out of its order.
   */
  missing(): number {
    return countMissing(readFileSync(this.#path, 'utf8'));
  }
}

/** Lines that come through a FIFO, which a client keeps open. */
export class LinesInFifo implements NumberedLines, Disposable {
  readonly #socket: Socket;
  #text = '';

  /** @param path an existing FIFO */
  constructor(path: string) {
    // Both ways and without blocking: so that opening waits for nobody, and reading goes on when a writer leaves.
    const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    try {
      this.#socket = new Socket({ fd, readable: true, writable: false });
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    this.#socket.setEncoding('utf8').on('data', (text: string) => (this.#text += text));
  }

  async more(): Promise<void> {
    const before = this.#text.length;
    while (this.#text.length === before) await once(this.#socket, 'data');
  }

  check(): void {
    checkLines(this.#text);
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}
