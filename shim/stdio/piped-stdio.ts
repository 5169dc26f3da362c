import { host } from '../host/host.ts';
import type { ContainerLog } from './container-log.ts';
import { drainFlows } from './drain-flows.ts';
import { logOf } from './log-of.ts';
import { loggerPidOf } from './logger-pid-of.ts';
import { OwnedFd } from './owned-fd.ts';
import { pipeInode } from './pipe-inode.ts';
import { PipedOutputs } from './piped-outputs.ts';
import type { ProcessStdio, StdioRequest } from './process-stdio.ts';
import type { StdinSource } from './stdin-source.ts';
import type { StdioHandles } from './stdio-handles.ts';
import { openStdin, type StdioTargets } from './stdio-targets.ts';

/** Our end and the process's of its stdin. */
interface StdinPipe {
  readonly writing: OwnedFd;
  readonly reading: OwnedFd;
  readonly inode: number;
}

/** The standard streams of a process without a terminal: a pipe each. */
export class PipedStdio implements ProcessStdio {
  readonly #request: StdioRequest;
  readonly #source: StdinSource | undefined;
  readonly #stdin: StdinPipe | undefined;
  readonly #outputs: PipedOutputs;

  private constructor(
    request: StdioRequest,
    source: StdinSource | undefined,
    stdin: StdinPipe | undefined,
    outputs: PipedOutputs,
  ) {
    this.#request = request;
    this.#source = source;
    this.#stdin = stdin;
    this.#outputs = outputs;
  }

  /** @throws KindError; then nothing is left open. */
  static async open(request: StdioRequest, targets: StdioTargets): Promise<PipedStdio> {
    const source = openStdin(request, targets.stdin);
    let stdin: StdinPipe | undefined;
    try {
      if (source && source.file === undefined) stdin = makeStdinPipe(request);
      return new PipedStdio(request, source, stdin, await PipedOutputs.open(request, targets));
    } catch (error) {
      closeStdinPipe(stdin);
      source?.[Symbol.dispose]();
      throw error;
    }
  }

  get childFds(): readonly [number, number, number] {
    const { pipes } = this.#outputs;
    const stdin = this.#source?.file ?? this.#stdin?.reading.number ?? -1;
    return [stdin, pipes.get('stdout')?.childFd ?? -1, pipes.get('stderr')?.childFd ?? -1];
  }

  get log(): ContainerLog | undefined {
    return logOf(this.#outputs.outlets);
  }

  async started(): Promise<void> {
    this.#outputs.start();
    const stdin = this.#stdin;
    if (!stdin) return this.#source?.[Symbol.dispose]();
    stdin.reading[Symbol.dispose]();
    this.#source?.start(stdin.writing.number, false, () => stdin.writing[Symbol.dispose]());
  }

  closeStdin(): void {
    this.#source?.close();
  }

  resize(): void {
    // There is no terminal.
  }

  async drained(limitMs: number): Promise<void> {
    await drainFlows(this.#outputs.flows, limitMs);
  }

  handles(): StdioHandles {
    const { stdin, stdout, stderr, terminal } = this.#request;
    const pipes: Partial<Record<'stdin' | 'stdout' | 'stderr', number>> = {};
    if (this.#stdin) pipes.stdin = this.#stdin.inode;
    for (const [stream, { inode }] of this.#outputs.pipes) pipes[stream] = inode;
    const loggerPid = loggerPidOf(this.#outputs.outlets);
    return { stdin, stdout, stderr, terminal, pipes, master: -1, loggerPid, stdinClosed: this.#source?.closed ?? true };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#source?.[Symbol.dispose]();
    closeStdinPipe(this.#stdin);
    await this.#outputs[Symbol.asyncDispose]();
  }
}

function makeStdinPipe({ ioUid = 0, ioGid = 0 }: StdioRequest): StdinPipe {
  const [writing, reading] = host.containerPipe(false, ioUid, ioGid);
  return { writing: new OwnedFd(writing), reading: new OwnedFd(reading), inode: pipeInode(writing) };
}

function closeStdinPipe(pipe: StdinPipe | undefined): void {
  pipe?.writing[Symbol.dispose]();
  pipe?.reading[Symbol.dispose]();
}
