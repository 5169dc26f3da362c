import { type ChildProcess, spawn } from 'node:child_process';
import { openSync, closeSync } from 'node:fs';

/** How a program ended, and all it wrote. */
export interface Outcome {
  /** The exit code, or 128 + the signal's number. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How to start a {@link Child}. */
export interface ChildOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Given to stdin, which is then closed. Without it stdin is empty, or open when `interactive`. */
  readonly input?: string | Buffer;
  /** Keeps stdin open: write to it with `write`, close it with `closeInput`. */
  readonly interactive?: boolean;
  /** A file that both outputs are appended to, instead of being kept. */
  readonly log?: string;
}

const signalNumbers: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGPIPE: 13, SIGTERM: 15 };

/** A program that a test started: its output as it comes, its end as an outcome. */
export class Child {
  readonly pid: number;
  readonly exited: Promise<Outcome>;
  readonly #process: ChildProcess;
  readonly #stdout: Buffer[] = [];
  readonly #stderr: Buffer[] = [];
  readonly #onOutput = new Set<() => void>();
  #ended = false;

  /** @throws Error when the program cannot be started. */
  static async start(file: string, args: readonly string[], options: ChildOptions = {}): Promise<Child> {
    const stdin = options.input !== undefined || options.interactive === true ? 'pipe' : 'ignore';
    const log = options.log === undefined ? undefined : openSync(options.log, 'a', 0o600);
    const out = log ?? 'pipe';
    try {
      const child = spawn(file, args, {
        stdio: [stdin, out, out],
        env: { PATH: process.env['PATH'] ?? '', HOME: '/root', LC_ALL: 'C', ...options.env },
        ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      });
      await new Promise<void>((resolve, reject) => {
        child.once('spawn', resolve);
        child.once('error', reject);
      });
      const started = new Child(child);
      if (options.input !== undefined) child.stdin?.end(options.input);
      return started;
    } finally {
      if (log !== undefined) closeSync(log);
    }
  }

  private constructor(child: ChildProcess) {
    this.#process = child;
    this.pid = child.pid ?? -1;
    // A program may end without reading its input.
    child.stdin?.on('error', () => undefined);
    child.stdout?.on('data', (chunk: Buffer) => this.#collect(this.#stdout, chunk));
    child.stderr?.on('data', (chunk: Buffer) => this.#collect(this.#stderr, chunk));
    this.exited = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        this.#ended = true;
        this.#tell();
        resolve({
          code: code ?? 128 + (signalNumbers[signal ?? ''] ?? 0),
          stdout: this.stdout,
          stderr: Buffer.concat(this.#stderr).toString(),
        });
      });
    });
  }

  /** What came on stdout so far. */
  get stdout(): string {
    return Buffer.concat(this.#stdout).toString();
  }

  /** What came on stderr so far. */
  get stderr(): string {
    return Buffer.concat(this.#stderr).toString();
  }

  /**
   * Waits until stdout matches.
   * @throws Error with both outputs when the program ended (closed its outputs) without.
   */
  async output(pattern: RegExp): Promise<RegExpMatchArray> {
    return this.#match(pattern, () => this.stdout);
  }

  /** Waits until stderr matches, as `output` does for stdout. */
  async message(pattern: RegExp): Promise<RegExpMatchArray> {
    return this.#match(pattern, () => this.stderr);
  }

  /** Writes to the stdin of an `interactive` program. */
  write(text: string): void {
    this.#process.stdin?.write(text);
  }

  closeInput(): void {
    this.#process.stdin?.end();
  }

  /** Sends a signal; the program that has ended gets none. */
  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  async #match(pattern: RegExp, text: () => string): Promise<RegExpMatchArray> {
    for (;;) {
      const match = text().match(pattern);
      if (match) return match;
      if (this.#ended) throw new Error(`ended without ${String(pattern)} in:\n${this.stdout}${this.stderr}`);
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#onOutput.add(resolve);
      await promise;
      this.#onOutput.delete(resolve);
    }
  }

  #collect(to: Buffer[], chunk: Buffer): void {
    to.push(chunk);
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#onOutput) listener();
  }
}
