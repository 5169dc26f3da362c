import { host } from '../host/host.ts';
import type { Flow } from './flow.ts';
import { LoggerOutlet } from './logger-outlet.ts';
import { LoggerProcess } from './logger-process.ts';
import { openFlags } from './open-flags.ts';
import { openOutlet } from './open-outlet.ts';
import type { Outlet } from './outlet.ts';
import { OwnedFd } from './owned-fd.ts';
import { PipedOutput } from './piped-output.ts';
import type { StdioRequest } from './process-stdio.ts';
import type { StdioTarget } from './stdio-target.ts';
import type { StdioTargets } from './stdio-targets.ts';

/** Stdout and stderr of a process without a terminal. */
export class PipedOutputs implements AsyncDisposable {
  readonly #request: StdioRequest;
  readonly #pipes = new Map<'stdout' | 'stderr', PipedOutput>();
  readonly #outlets = new Map<'stdout' | 'stderr', Outlet>();

  private constructor(request: StdioRequest) {
    this.#request = request;
  }

  /** @throws KindError; then nothing is left open. */
  static async open(request: StdioRequest, { stdout, stderr: given }: StdioTargets): Promise<PipedOutputs> {
    const made = new PipedOutputs(request);
    // Containerd's shim gives a logger both, whatever was asked of stderr.
    const stderr = stdout.kind === 'logger' && given.kind === 'none' ? stdout : given;
    const together = stderr === stdout || request.stderr === request.stdout;
    try {
      if (stdout.kind !== 'none') made.#openPipe('stdout');
      if (stderr.kind !== 'none') made.#openPipe('stderr');
      if (together && stdout.kind !== 'none') await made.#openOutlet(stdout, ['stdout', 'stderr']);
      else {
        if (stdout.kind !== 'none') await made.#openOutlet(stdout, ['stdout']);
        if (stderr.kind !== 'none') await made.#openOutlet(stderr, ['stderr']);
      }
      return made;
    } catch (error) {
      await made[Symbol.asyncDispose]();
      throw error;
    }
  }

  get pipes(): ReadonlyMap<'stdout' | 'stderr', PipedOutput> {
    return this.#pipes;
  }

  get outlets(): readonly Outlet[] {
    return [...this.#outlets.values()];
  }

  /** Of those that have been started. */
  get flows(): readonly Flow[] {
    return [...this.#pipes.values()].flatMap(({ flow }) => flow ?? []);
  }

  start(): void {
    for (const [stream, outlet] of this.#outlets) this.#pipes.get(stream)?.start(outlet);
  }

  /** The pipes first: a logger ends when nobody can write to them any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const pipe of this.#pipes.values()) pipe[Symbol.dispose]();
    await Promise.all([...new Set(this.outlets)].map((outlet) => outlet[Symbol.asyncDispose]()));
  }

  #openPipe(stream: 'stdout' | 'stderr'): void {
    const { ioUid = 0, ioGid = 0 } = this.#request;
    this.#pipes.set(stream, new PipedOutput(stream, ioUid, ioGid));
  }

  async #openOutlet(target: StdioTarget, streams: readonly ('stdout' | 'stderr')[]): Promise<void> {
    const outlet =
      target.kind === 'logger' ? await this.#openLogger(target, streams) : openOutlet(target, streams.length);
    for (const stream of streams) this.#outlets.set(stream, outlet);
  }

  /** A logger reads the pipes themselves, by reading ends of its own that block. */
  async #openLogger(target: Extract<StdioTarget, { kind: 'logger' }>, streams: readonly string[]): Promise<Outlet> {
    const reopened = (stream: 'stdout' | 'stderr'): OwnedFd => {
      const pipe = streams.includes(stream) ? this.#pipes.get(stream) : undefined;
      return new OwnedFd(pipe ? host.reopen(pipe.reading, openFlags.readOnly) : -1);
    };
    using stdout = reopened('stdout');
    using stderr = reopened('stderr');
    const inputs = { stdout: stdout.number, stderr: stderr.number };
    return new LoggerOutlet(await LoggerProcess.start(target, this.#request, inputs), -1);
  }
}
