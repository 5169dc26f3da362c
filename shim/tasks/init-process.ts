import type { CheckpointOptions, Options } from '../../api/gen/containerd/runc/v1/runc.ts';
import type { CreateTaskRequest } from '../../api/gen/containerd/task/v3/task.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import type { Logger } from '../../pkg/log/logger.ts';
import { Semaphore } from '../../pkg/semaphore/semaphore.ts';
import { isSystemError } from '../../pkg/sys/system-error.ts';
import { host } from '../host/host.ts';
import type { ProgramRunner } from '../runtime/program-runner.ts';
import { Runc, type CreateSettings, type RuncStreams } from '../runtime/runc.ts';
import { RuntimeFailure } from '../runtime/runtime-failure.ts';
import { openStdio } from '../stdio/open-stdio.ts';
import type { ProcessStdio } from '../stdio/process-stdio.ts';
import type { StdioHandles } from '../stdio/stdio-handles.ts';
import { readPid, type Bundle } from './bundle.ts';
import { checkpointContainer } from './checkpoint-container.ts';
import { ContainerRootfs } from './container-rootfs.ts';
import { failingAs } from './failing-as.ts';
import { alreadyFinished, killError } from './kill-error.ts';
import { killEverything } from './kill-everything.ts';
import type { ProcessEnd } from './process-end.ts';
import { initRefusals, refuseUnlessAllowed } from './refusals.ts';
import { stateOfContainer } from './state-of-container.ts';
import type { ProcessState, StdioNames, TaskProcess } from './task-process.ts';

/** What a first process is made of. */
export interface InitProcessParts {
  readonly namespace: string;
  readonly request: CreateTaskRequest;
  readonly options: Options;
  readonly bundle: Bundle;
  readonly runner: ProgramRunner;
  readonly log: Logger;
}

/** A process that a shim which died has left. */
export interface InheritedProcess {
  readonly pid: number;
  readonly stdio: ProcessStdio;
}

const defaultRoot = '/run/containerd/runc';
/** How long output of a process that has ended is waited for. Milliseconds. */
const drainLimit = 10_000;

/**
 * The first process of a container, and with it the container: its root filesystem, and what the runtime keeps of it. One that is made from
 * a checkpoint has no process until it is started.
 */
export class InitProcess implements TaskProcess {
  readonly id: string;
  readonly execId = '';
  readonly turn = new Semaphore(1);
  readonly stdio: StdioNames;
  readonly ended: Promise<void>;
  readonly options: Options;
  readonly namespace: string;
  readonly bundle: Bundle;
  readonly runc: Runc;
  readonly #parts: InitProcessParts;
  readonly #rootfs: ContainerRootfs;
  readonly #settle: () => void;
  #io: ProcessStdio | undefined;
  #mayBeMade = false;
  /** Ours to reap. */
  #isChild = true;
  /** The runtime has nothing of the container any more. */
  #removed = false;
  #pid = 0;
  #state: ProcessState = 'created';
  #pausing = false;
  #gone = false;
  #end: ProcessEnd | undefined;

  private constructor(parts: InitProcessParts) {
    const { request, options, bundle, namespace } = parts;
    this.#parts = parts;
    this.id = request.id;
    this.options = options;
    this.namespace = namespace;
    this.bundle = bundle;
    this.#rootfs = new ContainerRootfs(bundle.rootfs, request.rootfs);
    const { stdin, stdout, stderr, terminal } = request;
    this.stdio = { stdin, stdout, stderr, terminal };
    const root = `${options.root === '' ? defaultRoot : options.root}/${namespace}`;
    const { binaryName: binary, systemdCgroup } = options;
    this.runc = new Runc({ binary, root, log: bundle.runtimeLog, systemdCgroup }, parts.runner);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.#settle = resolve;
  }

  /**
   * Makes the container, all or nothing: mounts, streams, and by the runtime the process, which waits to be started.
   * @throws KindError, with the runtime's own words if it failed; the signal's reason.
   */
  static async create(parts: InitProcessParts, signal: AbortSignal | undefined): Promise<InitProcess> {
    const made = new InitProcess(parts);
    parts.bundle.writeOptions(parts.options);
    made.#rootfs.mount();
    try {
      await made.#open();
      if (parts.request.checkpoint === '') await made.#create(signal);
      signal?.throwIfAborted();
      return made;
    } catch (error) {
      await made.#undo();
      throw error;
    }
  }

  /** One that a shim which died has made, as it stands now. */
  static async takeOver(parts: InitProcessParts, { pid, stdio }: InheritedProcess): Promise<InitProcess> {
    const made = new InitProcess(parts);
    made.#mayBeMade = true;
    made.#isChild = false;
    made.#pid = pid;
    made.#io = stdio;
    made.#state = await stateOfContainer(made.runc, made.id, parts.log);
    return made;
  }

  get pid(): number {
    return this.#pid;
  }

  get handles(): StdioHandles | undefined {
    return this.#io?.handles();
  }

  /** Where the parts of the root filesystem are mounted, below the bundle's `rootfs`. */
  get mountTargets(): readonly string[] {
    return this.#rootfs.targets;
  }

  /** The directory of the checkpoint that it is made from; empty for one from its beginning. */
  get checkpointImages(): string {
    return this.#parts.request.checkpoint;
  }

  get state(): ProcessState {
    return this.#state;
  }

  get pausing(): boolean {
    return this.#pausing;
  }

  get end(): ProcessEnd | undefined {
    return this.#end;
  }

  /** From when on nothing can be started in the container. */
  get gone(): boolean {
    return this.#gone;
  }

  async start(): Promise<void> {
    this.#refuse('start');
    if (this.#parts.request.checkpoint === '') {
      const quickly = !this.#gone && !this.bundle.mayHaveHooks('poststart');
      await this.#told('OCI runtime start failed', () => this.runc.start(this.id, quickly, () => !this.#gone));
    } else await this.#restore();
    this.#state = 'running';
  }

  async kill(signal: number, all: boolean): Promise<void> {
    this.#refuse('kill');
    if (this.#gone) {
      // The runtime finds nobody to send it to, and thinks nothing of it.
      if (all) return;
      throw alreadyFinished();
    }
    if (!all && this.#killed(signal)) return;
    try {
      await this.runc.kill(this.id, signal, all);
    } catch (error) {
      throw killError(error);
    }
  }

  /** Ends whatever is left of the container's processes. */
  async killAll(): Promise<void> {
    await killEverything(this.runc, this.id);
  }

  async pause(): Promise<void> {
    this.#refuse('pause');
    this.#pausing = true;
    try {
      await this.#told('OCI runtime pause failed', () => this.runc.pause(this.id));
      this.#state = 'paused';
    } finally {
      this.#pausing = false;
    }
  }

  async resume(): Promise<void> {
    this.#refuse('resume');
    await this.#told('OCI runtime resume failed', () => this.runc.resume(this.id));
    this.#state = 'running';
  }

  /** @param resources JSON of the OCI runtime specification's LinuxResources, given to the runtime as it is */
  async update(resources: Uint8Array): Promise<void> {
    this.#refuse('update');
    const file = `${this.bundle.path}/resources.json`;
    host.writeFile(file, resources, 0o600, false);
    try {
      await this.runc.update(this.id, file);
    } finally {
      host.unlink(file);
    }
  }

  async checkpoint(path: string, options: CheckpointOptions): Promise<void> {
    this.#refuse('checkpoint');
    const { id, runc, bundle } = this;
    await checkpointContainer({ id, runc, bundle, log: this.#parts.log }, path, options);
  }

  /** @throws KindError when the container's state allows no further process. */
  refuseExec(): void {
    if (this.#state === 'created' && this.#parts.request.checkpoint !== '') {
      throw new KindError('unknown', 'cannot exec in a created state');
    }
    this.#refuse('exec');
  }

  markGone(): void {
    this.#gone = true;
  }

  async drained(): Promise<void> {
    await this.#io?.drained(drainLimit);
  }

  async setEnd(end: ProcessEnd): Promise<void> {
    if (this.#state === 'stopped' || this.#state === 'deleted') return;
    const paused = this.#state === 'paused';
    this.#end = end;
    this.#state = 'stopped';
    this.#settle();
    if (!paused) return;
    try {
      await this.runc.resume(this.id);
    } catch (error) {
      this.#parts.log.error('resuming exited container from paused state', { id: this.id, error });
    }
  }

  async delete(): Promise<void> {
    this.#refuse('delete');
    let failure: Error | undefined;
    try {
      await this.#remove();
    } catch (error) {
      failure = this.runc.told(error, 'failed to delete task');
    }
    await this.#closeIo();
    try {
      this.#rootfs.unmount();
    } catch (error) {
      failure ??= new KindError('unknown', `failed rootfs umount: ${String(error)}`, { cause: error });
    }
    if (failure !== undefined) throw failure;
    this.#state = 'deleted';
  }

  /**
   * Lets the runtime forget a container that has ended, before anybody asks for it: `delete` is quick then. Nobody sees it but the
   * container's hooks, so not of one that has some. A failure is `delete`'s to tell.
   */
  async removeEarly(): Promise<void> {
    if (this.#state !== 'stopped' || this.bundle.mayHaveHooks('poststop')) return;
    await this.#remove();
  }

  resize(columns: number, rows: number): void {
    this.#io?.resize(columns, rows);
  }

  closeStdin(): void {
    this.#io?.closeStdin();
  }

  async #remove(): Promise<void> {
    if (this.#removed) return;
    const { bundle } = this;
    const quickly = this.#state === 'stopped' && bundle.hasOwnPidNamespace() && !bundle.mayHaveHooks('poststop');
    try {
      await this.runc.delete(this.id, false, quickly);
    } catch (error) {
      // After a checkpoint, the runtime has deleted it already.
      if (!String(error).includes('does not exist')) throw error;
    }
    this.#removed = true;
  }

  /**
   * As the runtime sends a signal, without running it. The process is ours and not reaped, so the number is its own; one of a container
   * that is paused is not reached by SIGKILL before somebody lets it go on, as the runtime does. What fails is the runtime's to explain.
   */
  #killed(signal: number): boolean {
    if (!this.runc.isPlain || !this.#isChild || this.#state === 'paused' || this.#pid === 0) return false;
    try {
      host.kill(this.#pid, signal);
      return true;
    } catch (error) {
      if (isSystemError(error)) return false;
      throw error;
    }
  }

  #refuse(action: string): void {
    refuseUnlessAllowed(initRefusals, this.#state, action);
  }

  async #open(): Promise<void> {
    const { ioUid, ioGid } = this.options;
    const { bundle, namespace } = this;
    const place = { containerId: this.id, namespace, bundle: bundle.path };
    const owner = { ioUid, ioGid };
    this.#io = await failingAs('failed to create init process I/O', () =>
      openStdio({ ...this.stdio, ...place, ...owner }),
    );
  }

  async #create(signal: AbortSignal | undefined): Promise<void> {
    try {
      await this.runc.create(this.id, this.#createSettings(), this.#streams(), signal);
    } catch (error) {
      // A runtime that fails leaves nothing, and what there is of that name is somebody else's; one that was killed may leave something.
      this.#mayBeMade = !(error instanceof RuntimeFailure);
      throw this.runc.told(error, 'OCI runtime create failed');
    }
    this.#mayBeMade = true;
    await this.#adopt();
  }

  async #restore(): Promise<void> {
    const { checkpoint: imagePath, parentCheckpoint: parentPath } = this.#parts.request;
    const workPath = this.options.criuWorkPath === '' ? this.bundle.work : this.options.criuWorkPath;
    await this.#told('OCI runtime restore failed', () =>
      this.runc.restore(this.id, this.#createSettings(), { imagePath, workPath, parentPath }, this.#streams()),
    );
    await this.#adopt();
  }

  /** The runtime has made the process: takes over its streams, and learns its pid. */
  async #adopt(): Promise<void> {
    await failingAs('failed to start io pipe copy', () => this.#io?.started());
    const pid = readPid(this.bundle.initPidFile);
    if (pid === undefined) throw new KindError('unknown', 'failed to retrieve OCI runtime container pid');
    this.#pid = pid;
  }

  #createSettings(): CreateSettings {
    const { noPivotRoot: noPivot, noNewKeyring } = this.options;
    return { bundle: this.bundle.path, pidFile: this.bundle.initPidFile, noPivot, noNewKeyring };
  }

  #streams(): RuncStreams {
    if (this.#io === undefined) throw new KindError('internal', `container ${this.id} has no streams`);
    return this.#io;
  }

  async #told(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      throw this.runc.told(error, what);
    }
  }

  async #undo(): Promise<void> {
    try {
      if (this.#mayBeMade) await this.runc.delete(this.id, true);
    } catch (error) {
      this.#parts.log.debug('failed create: nothing for the runtime to delete', { id: this.id, error });
    }
    await this.#closeIo();
    try {
      this.#rootfs.unmount();
    } catch (error) {
      this.#parts.log.warn('failed to cleanup rootfs mount', { id: this.id, error });
    }
  }

  async #closeIo(): Promise<void> {
    const io = this.#io;
    this.#io = undefined;
    await io?.[Symbol.asyncDispose]();
  }
}
