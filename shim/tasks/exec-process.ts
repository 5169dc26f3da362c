import type { ExecProcessRequest } from '../../api/gen/containerd/task/v3/task.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import type { Logger } from '../../pkg/log/logger.ts';
import { Semaphore } from '../../pkg/semaphore/semaphore.ts';
import { isSystemError } from '../../pkg/sys/system-error.ts';
import { host } from '../host/host.ts';
import { openStdio } from '../stdio/open-stdio.ts';
import type { ProcessStdio } from '../stdio/process-stdio.ts';
import type { StdioHandles } from '../stdio/stdio-handles.ts';
import { readPid, writeText } from './bundle.ts';
import { failingAs } from './failing-as.ts';
import type { InheritedProcess, InitProcess } from './init-process.ts';
import { alreadyFinished, killError } from './kill-error.ts';
import type { ProcessEnd } from './process-end.ts';
import { withTerminal } from './process-spec.ts';
import { execRefusals, refuseUnlessAllowed } from './refusals.ts';
import type { ProcessState, StdioNames, TaskProcess } from './task-process.ts';

/** How long output that others than the process itself still hold is waited for. Milliseconds. */
const drainLimit = 10_000;
const sigkill = 9;

/** A further process of a container. It exists as a name alone until it is started. */
export class ExecProcess implements TaskProcess {
  readonly id: string;
  readonly execId: string;
  readonly turn = new Semaphore(1);
  readonly stdio: StdioNames;
  readonly ended: Promise<void>;
  readonly #init: InitProcess;
  readonly #log: Logger;
  readonly #settle: () => void;
  #spec: string | undefined;
  #io: ProcessStdio | undefined;
  #pid = 0;
  #state: ProcessState = 'created';
  #gone = false;
  #end: ProcessEnd | undefined;

  /** @throws KindError `invalid-argument` for a spec that is none. */
  constructor(init: InitProcess, request: ExecProcessRequest, log: Logger) {
    const { execId, stdin, stdout, stderr, terminal, spec } = request;
    this.id = execId;
    this.execId = execId;
    this.stdio = { stdin, stdout, stderr, terminal };
    this.#init = init;
    this.#log = log;
    this.#spec = withTerminal(host.decodeUtf8(spec?.value ?? new Uint8Array()), terminal);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.#settle = resolve;
  }

  get pid(): number {
    return this.#pid;
  }

  /** One that a shim which died has started. */
  static takeOver(init: InitProcess, execId: string, { pid, stdio }: InheritedProcess, log: Logger): ExecProcess {
    const { stdin, stdout, stderr, terminal } = stdio.handles();
    const spec = { typeUrl: '', value: host.encodeUtf8('{}') };
    const made = new ExecProcess(init, { id: init.id, execId, stdin, stdout, stderr, terminal, spec }, log);
    made.#spec = undefined;
    made.#pid = pid;
    made.#state = 'running';
    made.#io = stdio;
    return made;
  }

  get handles(): StdioHandles | undefined {
    return this.#io?.handles();
  }

  /** While the container is paused, so is every process in it. */
  get state(): ProcessState {
    return this.#init.state === 'paused' ? 'paused' : this.#state;
  }

  get gone(): boolean {
    return this.#gone;
  }

  get end(): ProcessEnd | undefined {
    return this.#end;
  }

  async start(): Promise<void> {
    this.#refuse('start');
    const { ioUid, ioGid } = this.#init.options;
    const { bundle, namespace } = this.#init;
    const io = await failingAs('failed to create init process I/O', () =>
      // A logger of an exec is told the exec's id, as by containerd's shim.
      openStdio({ ...this.stdio, ioUid, ioGid, containerId: this.id, namespace, bundle: bundle.path }),
    );
    this.#io = io;
    try {
      await this.#run(io);
      await failingAs('failed to start io pipe copy', () => io.started());
    } catch (error) {
      if (this.#pid !== 0) host.kill(this.#pid, sigkill);
      await this.#closeIo();
      throw error;
    }
    this.#state = 'running';
    this.#spec = undefined;
  }

  async kill(signal: number, _all: boolean): Promise<void> {
    refuseUnlessAllowed(execRefusals, this.#state, 'kill');
    if (this.#pid === 0) throw new KindError('failed-precondition', 'process not created');
    if (this.#gone) throw alreadyFinished();
    try {
      host.kill(this.#pid, signal);
    } catch (error) {
      const { kind, detail } = killError(error);
      throw new KindError(kind, `exec kill error: ${detail}`, { cause: error });
    }
  }

  markGone(): void {
    this.#gone = true;
  }

  async drained(): Promise<void> {
    await this.#io?.drained(drainLimit);
  }

  async setEnd(end: ProcessEnd): Promise<void> {
    if (this.#state === 'stopped' || this.#state === 'deleted') return;
    this.#end = end;
    this.#state = 'stopped';
    this.#settle();
  }

  async delete(): Promise<void> {
    this.#refuse('delete');
    await this.#closeIo();
    const { bundle } = this.#init;
    for (const ending of ['json', 'pid', 'exit']) this.#removeFile(bundle.execFile(this.execId, ending));
    this.#state = 'deleted';
  }

  resize(columns: number, rows: number): void {
    this.#refuse('resize');
    this.#io?.resize(columns, rows);
  }

  closeStdin(): void {
    this.#io?.closeStdin();
  }

  async #run(streams: ProcessStdio): Promise<void> {
    const { runc, bundle, id } = this.#init;
    const process = bundle.execFile(this.execId, 'json');
    const pidFile = bundle.execFile(this.execId, 'pid');
    bundle.makeExecFolder();
    writeText(process, this.#spec ?? '{}');
    try {
      await runc.exec(id, { process, pidFile }, streams);
    } catch (error) {
      // Who waits for it learns that there is nothing to wait for.
      this.#settle();
      throw runc.told(error, 'OCI runtime exec failed');
    } finally {
      this.#removeFile(process);
    }
    const pid = readPid(pidFile);
    if (pid === undefined) throw new KindError('unknown', 'failed to retrieve OCI runtime exec pid');
    this.#pid = pid;
  }

  #refuse(action: string): void {
    refuseUnlessAllowed(execRefusals, this.#state, action);
  }

  #removeFile(path: string): void {
    try {
      host.unlink(path);
    } catch (error) {
      if (!isSystemError(error, 'ENOENT')) this.#log.warn('cannot remove file of exec', { id: this.id, error });
    }
  }

  async #closeIo(): Promise<void> {
    const io = this.#io;
    this.#io = undefined;
    await io?.[Symbol.asyncDispose]();
  }
}
