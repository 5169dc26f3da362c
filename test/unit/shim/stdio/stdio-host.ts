import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { buildShim } from '../../../../scripts/build-shim.ts';
import type { StdioRequest } from '../../../../shim/stdio/process-stdio.ts';
import type { StdioHandles } from '../../../../shim/stdio/stdio-handles.ts';
import { peers } from '../../../lab/peers.ts';

interface Reply {
  readonly id?: number;
  readonly value?: unknown;
  readonly error?: string;
  readonly kind?: string;
  readonly event?: 'exit' | 'reader';
  readonly pid?: number;
  readonly status?: number;
  readonly path?: string;
  readonly end?: string;
}

/** A failure in the host. */
export class StdioFailure extends Error {
  readonly kind: string;

  constructor(message: string, kind: string) {
    super(message);
    this.kind = kind;
  }
}

/** The shim's stdio in its real host, in a process of its own, with real children. */
export class StdioHost implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #calls = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #exits = new Map<number, PromiseWithResolvers<number>>();
  readonly #readers = new Map<string, PromiseWithResolvers<string>>();
  readonly #ended: Promise<number | null>;
  #stderr = '';
  #count = 0;
  #failure: Error | undefined;

  constructor(program: string) {
    this.#process = spawn(program, [], { stdio: ['pipe', 'pipe', 'pipe'] });
    const { stdout, stderr } = this.#process;
    if (!stdout || !stderr) throw new Error('no pipes');
    stderr.on('data', (chunk: Buffer) => (this.#stderr += chunk.toString()));
    createInterface({ input: stdout }).on('line', (line) => this.#take(JSON.parse(line) as Reply));
    this.#ended = new Promise((resolve) => this.#process.once('close', (code) => resolve(code)));
    void this.#ended.then((code) => {
      const failure = (this.#failure = new Error(`the host ended with ${String(code)}:\n${this.#stderr}`));
      for (const waiting of [...this.#calls.values(), ...this.#exits.values(), ...this.#readers.values()])
        waiting.reject(failure);
    });
  }

  get pid(): number {
    return this.#process.pid ?? -1;
  }

  get stderr(): string {
    return this.#stderr;
  }

  async call<T>(name: string, io = 0, args: object = {}): Promise<T> {
    if (this.#failure) throw this.#failure;
    const id = ++this.#count;
    const call = Promise.withResolvers<unknown>();
    this.#calls.set(id, call);
    this.#process.stdin?.write(`${JSON.stringify({ id, name, io, args })}\n`);
    return (await call.promise) as T;
  }

  /** The exit status of a child. */
  async exit(pid: number): Promise<number> {
    if (this.#failure) throw this.#failure;
    return entry(this.#exits, pid).promise;
  }

  /** Why the reader that was attached at the path was let go. */
  async readerEnd(path: string): Promise<string> {
    return entry(this.#readers, path).promise;
  }

  /** Ends the host. @throws Error when it did not end as it should, or said something of sanitizers. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.stdin?.end();
    const code = await this.#ended;
    if (code !== 0) throw new Error(`the host ended with ${String(code)}:\n${this.#stderr}`);
  }

  #take(reply: Reply): void {
    if (reply.event === 'exit') entry(this.#exits, reply.pid ?? 0).resolve(reply.status ?? -1);
    if (reply.event === 'reader') entry(this.#readers, reply.path ?? '').resolve(reply.end ?? '');
    if (reply.id === undefined) return;
    const call = this.#calls.get(reply.id);
    this.#calls.delete(reply.id);
    if (reply.error === undefined) call?.resolve(reply.value);
    else call?.reject(new StdioFailure(reply.error, reply.kind ?? ''));
  }
}

function entry<K, T>(map: Map<K, PromiseWithResolvers<T>>, key: K): PromiseWithResolvers<T> {
  const made = map.get(key) ?? Promise.withResolvers<T>();
  map.set(key, made);
  return made;
}

/** The streams of one process in a host, and the process. */
export class TestStdio implements AsyncDisposable {
  readonly #host: StdioHost;
  readonly #io: number;
  static #count = 0;

  private constructor(host: StdioHost) {
    this.#host = host;
    this.#io = ++TestStdio.#count;
  }

  static async open(host: StdioHost, request: Partial<StdioRequest>): Promise<TestStdio> {
    const made = new TestStdio(host);
    const whole = {
      stdin: '',
      stdout: '',
      stderr: '',
      terminal: false,
      containerId: 'c1',
      namespace: 'ns1',
      bundle: '/tmp',
      ...request,
    };
    made.opened = await host.call('open', made.#io, { request: whole });
    return made;
  }

  opened: { readonly childFds: readonly number[]; readonly consoleSocket?: string } = { childFds: [] };

  /** Starts a script of busybox's shell on the streams. Returns its pid. */
  async sh(script: string): Promise<number> {
    const pid = await this.spawn(peers.busybox(), ['sh', '-c', script]);
    await this.call('started');
    return pid;
  }

  async spawn(file: string, argv: readonly string[]): Promise<number> {
    return this.call('spawn', { file, argv });
  }

  /** Runs a script to its end, and until all of its output is where it goes. */
  async run(script: string, limit = 60_000): Promise<number> {
    const status = await this.#host.exit(await this.sh(script));
    await this.call('drained', { limit });
    return status;
  }

  async call<T = unknown>(name: string, args: object = {}): Promise<T> {
    return this.#host.call(name, this.#io, args);
  }

  async handles(): Promise<StdioHandles> {
    return this.call('handles');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.call('dispose');
  }
}

/** Builds the host with its driver, in a directory that is removed with it. */
export async function buildDriver(
  sanitize = false,
): Promise<{ readonly program: string; readonly remove: () => void }> {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-stdio-'));
  const program = join(directory, 'driver');
  await buildShim({ entry: join(import.meta.dirname, 'stdio-program.ts'), output: program, sanitize });
  return { program, remove: () => rmSync(directory, { recursive: true }) };
}
