import { KindError } from '../../pkg/errors/kind-error.ts';
import type { Logger } from '../../pkg/log/logger.ts';
import { isSystemError } from '../../pkg/sys/system-error.ts';
import { host } from '../host/host.ts';
import type { ContainerLog } from '../stdio/container-log.ts';
import { FileOutlet } from '../stdio/file-outlet.ts';
import type { Flow } from '../stdio/flow.ts';
import { logOf } from '../stdio/log-of.ts';
import { LoggerOutlet } from '../stdio/logger-outlet.ts';
import { LoggerProcess } from '../stdio/logger-process.ts';
import { openOutlet } from '../stdio/open-outlet.ts';
import type { Outlet } from '../stdio/outlet.ts';
import { OwnedFd } from '../stdio/owned-fd.ts';
import { parseStdioUri } from '../stdio/parse-stdio-uri.ts';
import type { ProcessStdio } from '../stdio/process-stdio.ts';
import { settledWithin } from '../stdio/settled-within.ts';
import { StdinSource } from '../stdio/stdin-source.ts';
import type { StdioHandles } from '../stdio/stdio-handles.ts';
import { hasPipe } from './find-pipe.ts';

/** What is left of a process's standard streams when its shim has died: ends that were found again. */
export interface FoundEnds {
  /** Reading ends of its pipes. */
  readonly stdout?: OwnedFd | undefined;
  readonly stderr?: OwnedFd | undefined;
  /** Its terminal's master, which somebody has held. */
  readonly master?: OwnedFd | undefined;
}

type OutputName = 'stdout' | 'stderr';

/**
 * The standard streams of a process whose shim has died, moved on from where they are. Output waits in the process's pipes meanwhile, and nothing of that is lost;
 * stdin ended with the shim, but for a terminal's. What the client named and is not there any more takes nothing: the output is dropped.
 */
export class ResumedStdio implements ProcessStdio {
  readonly childFds = [-1, -1, -1] as const;
  readonly #handles: StdioHandles;
  readonly #ends: FoundEnds;
  readonly #outlets: readonly Outlet[];
  readonly #flows: readonly Flow[];
  #input: OwnedFd | undefined;
  #source: StdinSource | undefined;

  /** Begins at once. The ends are its own from now on. */
  constructor(handles: StdioHandles, ends: FoundEnds, log: Logger) {
    this.#handles = handles;
    this.#ends = ends;
    const outlets = new Map<OutputName, Outlet>();
    const flows: Flow[] = [];
    const sources = { stdout: ends.master ?? ends.stdout, stderr: ends.stderr };
    for (const stream of ['stdout', 'stderr'] as const) {
      const source = sources[stream];
      if (!source) continue;
      const outlet = sharedOutlet(handles, stream, outlets) ?? openAgain(handles, stream, log);
      outlets.set(stream, outlet);
      const flow = outlet.take(source.number, stream, handles.terminal);
      void flow.ended.then(() => source[Symbol.dispose]());
      flows.push(flow);
    }
    this.#outlets = [...new Set(outlets.values())];
    this.#flows = flows;
    this.#resumeInput(log);
  }

  get log(): ContainerLog | undefined {
    return logOf(this.#outlets);
  }

  async started(): Promise<void> {
    // It has been for long.
  }

  closeStdin(): void {
    this.#source?.close();
  }

  resize(columns: number, rows: number): void {
    const { master } = this.#ends;
    if (master?.isOpen) host.setWindowSize(master.number, columns, rows);
  }

  async drained(limitMs: number): Promise<void> {
    if (this.#handles.terminal) for (const flow of this.#flows) flow.finish();
    await settledWithin(Promise.all(this.#flows.map(({ ended }) => ended)), limitMs);
  }

  handles(): StdioHandles {
    const { master } = this.#ends;
    return { ...this.#handles, master: master?.isOpen ? master.number : -1, stdinClosed: this.#source?.closed ?? true };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#source?.[Symbol.dispose]();
    this.#hangUp();
    await Promise.all(this.#outlets.map((outlet) => outlet[Symbol.asyncDispose]()));
  }

  #hangUp(): void {
    for (const flow of this.#flows) flow[Symbol.dispose]();
    this.#input?.[Symbol.dispose]();
    for (const end of [this.#ends.stdout, this.#ends.stderr, this.#ends.master]) end?.[Symbol.dispose]();
  }

  /** Of a terminal; a pipe has had its end. */
  #resumeInput(log: Logger): void {
    const { master } = this.#ends;
    const { stdin, stdinClosed } = this.#handles;
    if (!master || stdin === '' || stdinClosed) return;
    try {
      const target = parseStdioUri(stdin);
      if (target.kind !== 'fifo') return;
      this.#source = new StdinSource(target.path);
      this.#input = new OwnedFd(host.duplicate(master.number));
      this.#source.start(this.#input.number, true, () => this.#hangUp());
    } catch (error) {
      if (!(error instanceof KindError) && !isSystemError(error)) throw error;
      log.warn('stdin of a terminal cannot be resumed', { stdin, error });
    }
  }
}

/** One for both streams where they were given one. */
function sharedOutlet(
  { stdout, stderr }: StdioHandles,
  stream: OutputName,
  outlets: ReadonlyMap<OutputName, Outlet>,
): Outlet | undefined {
  const first = stream === 'stderr' ? outlets.get('stdout') : undefined;
  if (first === undefined || first instanceof FileOutlet) return undefined;
  const together = stderr === stdout || (stderr === '' && parseStdioUri(stdout).kind === 'logger');
  return together ? first : undefined;
}

function openAgain(handles: StdioHandles, stream: OutputName, log: Logger): Outlet {
  try {
    const target = parseStdioUri(handles[stream]);
    if (target.kind !== 'logger') return openOutlet(target, handles.stderr === handles.stdout ? 2 : 1);
    // Of a terminal, the logger's input has ended with the shim, and there are no pipes.
    const { loggerPid: pid, pipes } = handles;
    // Its number may be another's by now.
    if (hasPipe(pid, pipes[stream] ?? 0)) return new LoggerOutlet(LoggerProcess.resume(pid), -1);
  } catch (error) {
    if (!(error instanceof KindError) && !isSystemError(error)) throw error;
    log.warn('output cannot be resumed, and is dropped', { stream, error });
  }
  return new FileOutlet(-1, 'nowhere');
}
