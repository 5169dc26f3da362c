import { host } from '../host/host.ts';
import { ConsoleSocket } from './console-socket.ts';
import type { ContainerLog } from './container-log.ts';
import { drainFlows } from './drain-flows.ts';
import type { Flow } from './flow.ts';
import { logOf } from './log-of.ts';
import { LoggerOutlet } from './logger-outlet.ts';
import { loggerPidOf } from './logger-pid-of.ts';
import { LoggerProcess } from './logger-process.ts';
import { openOutlet } from './open-outlet.ts';
import type { Outlet } from './outlet.ts';
import { OwnedFd } from './owned-fd.ts';
import type { ProcessStdio, StdioRequest } from './process-stdio.ts';
import type { StdinSource } from './stdin-source.ts';
import type { StdioHandles } from './stdio-handles.ts';
import type { StdioTarget } from './stdio-target.ts';
import { openStdin, type StdioTargets } from './stdio-targets.ts';

/**
 * A terminal: stdin, stdout and stderr in one. The end of its stdin hangs it up, as with containerd's shim: a terminal has no other end,
 * and the process gets SIGHUP.
 */
export class TerminalStdio implements ProcessStdio {
  readonly childFds = [-1, -1, -1] as const;
  readonly consoleSocket: string;
  readonly #request: StdioRequest;
  readonly #source: StdinSource | undefined;
  readonly #outlet: Outlet;
  readonly #socket: ConsoleSocket;
  #size: readonly [columns: number, rows: number] | undefined;
  #master: OwnedFd | undefined;
  /** Of the same terminal: what is read and what is written are watched apart. */
  #input: OwnedFd | undefined;
  #output: Flow | undefined;

  private constructor(request: StdioRequest, source: StdinSource | undefined, outlet: Outlet, socket: ConsoleSocket) {
    this.#request = request;
    this.#source = source;
    this.#outlet = outlet;
    this.#socket = socket;
    this.consoleSocket = socket.path;
  }

  /** @throws KindError, SystemError; then nothing is left open. */
  static async open(request: StdioRequest, targets: StdioTargets): Promise<TerminalStdio> {
    const source = openStdin(request, targets.stdin);
    let socket: ConsoleSocket | undefined;
    try {
      socket = new ConsoleSocket(request.bundle);
      return new TerminalStdio(request, source, await openTerminalOutlet(request, targets.stdout), socket);
    } catch (error) {
      socket?.[Symbol.dispose]();
      source?.[Symbol.dispose]();
      throw error;
    }
  }

  get log(): ContainerLog | undefined {
    return logOf([this.#outlet]);
  }

  async started(): Promise<void> {
    const master = await this.#socket.receive();
    this.#master = master;
    if (this.#size) host.setWindowSize(master.number, ...this.#size);
    this.#output = this.#outlet.take(master.number, 'stdout', true);
    void this.#output.ended.then(() => master[Symbol.dispose]());
    if (!this.#source) return;
    this.#input = new OwnedFd(host.duplicate(master.number));
    this.#source.start(this.#input.number, true, () => this.#hangUp());
  }

  closeStdin(): void {
    this.#source?.close();
  }

  resize(columns: number, rows: number): void {
    this.#size = [columns, rows];
    if (this.#master?.isOpen) host.setWindowSize(this.#master.number, columns, rows);
  }

  async drained(limitMs: number): Promise<void> {
    if (!this.#output) return;
    this.#output.finish();
    await drainFlows([this.#output], limitMs);
  }

  handles(): StdioHandles {
    const { stdin, stdout, stderr, terminal } = this.#request;
    const master = this.#master?.isOpen ? this.#master.number : -1;
    const stdinClosed = this.#source?.closed ?? true;
    return { stdin, stdout, stderr, terminal, pipes: {}, master, loggerPid: loggerPidOf([this.#outlet]), stdinClosed };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#source?.[Symbol.dispose]();
    this.#hangUp();
    this.#socket[Symbol.dispose]();
    await this.#outlet[Symbol.asyncDispose]();
  }

  #hangUp(): void {
    this.#output?.[Symbol.dispose]();
    this.#input?.[Symbol.dispose]();
    this.#master?.[Symbol.dispose]();
  }
}

async function openTerminalOutlet(request: StdioRequest, target: StdioTarget): Promise<Outlet> {
  if (target.kind !== 'logger') return openOutlet(target);
  const [writing, reading] = host.containerPipe(false, 0, 0);
  using inputs = new OwnedFd(reading);
  try {
    return new LoggerOutlet(await LoggerProcess.start(target, request, { stdout: inputs.number, stderr: -1 }), writing);
  } catch (error) {
    host.close(writing);
    throw error;
  }
}
