import { CreateTaskRequest, ExecProcessRequest } from '../../api/gen/containerd/task/v3/task.ts';
import type { StateResponse } from '../../api/gen/containerd/task/v3/task.ts';
import { jsonTypes, packJson } from '../../api/any/json-types.ts';
import type { Mount } from '../../api/gen/containerd/types/types.ts';
import type { Any } from '../../api/gen/google/protobuf/any.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import { ociProcess, type ShimBundle, type SpecOptions } from './shim-bundle.ts';
import { processEnded } from './process-ended.ts';
import type { ShimClient, TaskCalls } from './shim-client.ts';
import type { ShimLab } from './shim-lab.ts';
import { uniqueName } from './unique-name.ts';

/**
 * Where a process's streams go. What is missing goes to `/dev/null`, but stderr without a terminal where stdout goes. One FIFO for both is nothing for an exec
 * that ends at once: Go's shims open it for the one, may come to its end and close it, and then wait in vain for a reader for the other.
 */
export interface Streams {
  readonly stdin?: string;
  readonly stdout?: string;
  readonly stderr?: string;
}

/** What a container is made of, beside its spec. */
export interface ContainerOptions extends Streams {
  /** Default: the lab's, bound. */
  readonly rootfs?: readonly Pick<Mount, 'type' | 'source' | 'options'>[];
  /** `containerd.runc.v1.Options`. */
  readonly options?: Any;
  readonly checkpoint?: string;
  /** A bundle that is there already. */
  readonly bundle?: ShimBundle;
  /** The version of the task API; default the one that the shim told. */
  readonly version?: number;
}

/** The lab's root filesystem as a mount. */
export function boundRootfs(lab: ShimLab): Pick<Mount, 'type' | 'source' | 'options'> {
  return { type: 'bind', source: lab.rootfs, options: ['rbind', 'rw'] };
}

/** The request that creates a container from a bundle. */
export function createRequest(
  lab: ShimLab,
  bundle: ShimBundle,
  spec: SpecOptions,
  options: ContainerOptions,
): CreateTaskRequest {
  const { terminal = false } = spec;
  const { rootfs = [boundRootfs(lab)], stdin = '', stdout = '', checkpoint = '' } = options;
  const { stderr = terminal ? '' : stdout } = options;
  return CreateTaskRequest.fromPartial({
    id: bundle.id,
    bundle: bundle.path,
    rootfs: rootfs.map((mount) => ({ ...mount, options: [...mount.options] })),
    terminal,
    stdin,
    stdout,
    stderr,
    checkpoint,
    options: options.options,
  });
}

/**
 * One container in a shim of its own, or of its group. Nothing ends it by itself: `end` does.
 *
 * @example
 * const container = await ShimContainer.create(lab, { args: ['/bin/true'] });
 * await container.start();
 * assert.equal(await container.wait(), 0);
 * await container.end();
 */
export class ShimContainer {
  readonly lab: ShimLab;
  readonly bundle: ShimBundle;
  readonly shim: ShimClient;
  readonly task: TaskCalls;
  /** The first process. */
  readonly pid: number;

  /** Starts the shim and creates the container. @throws KindError of the shim's; the shim is gone then. */
  static async create(lab: ShimLab, spec: SpecOptions = {}, options: ContainerOptions = {}): Promise<ShimContainer> {
    const bundle = options.bundle ?? lab.bundle(spec);
    const shim = await lab.start(bundle, options.options);
    const task = shim.version(options.version ?? shim.address.version);
    try {
      const { pid } = await task.create(createRequest(lab, bundle, spec, options));
      return new ShimContainer(lab, bundle, shim, task, pid);
    } catch (error) {
      await endShim(shim, bundle.id);
      throw error;
    }
  }

  /** Creates and starts it. */
  static async run(lab: ShimLab, spec: SpecOptions = {}, options: ContainerOptions = {}): Promise<ShimContainer> {
    const container = await ShimContainer.create(lab, spec, options);
    await container.start();
    return container;
  }

  private constructor(lab: ShimLab, bundle: ShimBundle, shim: ShimClient, task: TaskCalls, pid: number) {
    this.lab = lab;
    this.bundle = bundle;
    this.shim = shim;
    this.task = task;
    this.pid = pid;
  }

  get id(): string {
    return this.bundle.id;
  }

  /** Starts the first process or an exec; gives its pid. */
  async start(execId = ''): Promise<number> {
    return (await this.task.start({ id: this.id, execId })).pid;
  }

  /** Waits for the end of the first process or an exec; gives its exit status. */
  async wait(execId = ''): Promise<number> {
    return (await this.task.wait({ id: this.id, execId })).exitStatus;
  }

  async state(execId = ''): Promise<StateResponse> {
    return this.task.state({ id: this.id, execId });
  }

  async kill(signal = 9, options: { readonly execId?: string; readonly all?: boolean } = {}): Promise<void> {
    const { execId = '', all = false } = options;
    await this.task.kill({ id: this.id, execId, signal, all });
  }

  /** Adds a process; gives its exec id. */
  async addExec(spec: SpecOptions, streams: Streams = {}, execId: string = uniqueName('e')): Promise<string> {
    const { terminal = false } = spec;
    const { stdin = '', stdout = '', stderr = terminal ? '' : stdout } = streams;
    const request = ExecProcessRequest.fromPartial({
      id: this.id,
      execId,
      terminal,
      stdin,
      stdout,
      stderr,
      spec: packJson(jsonTypes.process, ociProcess(spec)),
    });
    await this.task.exec(request);
    return execId;
  }

  /** Adds a process and starts it; gives its exec id. */
  async startExec(spec: SpecOptions, streams: Streams = {}, execId?: string): Promise<string> {
    const id = await this.addExec(spec, streams, execId);
    await this.start(id);
    return id;
  }

  /** Runs a process to its end and deletes it; gives its exit status. */
  async exec(args: readonly string[], streams: Streams = {}): Promise<number> {
    const id = await this.startExec({ args }, streams);
    const status = await this.wait(id);
    await this.delete(id);
    return status;
  }

  /** Deletes the container or an exec; gives the exit status. */
  async delete(execId = ''): Promise<number> {
    return (await this.task.delete({ id: this.id, execId })).exitStatus;
  }

  /** Kills what runs, deletes the container if it is there still, and waits until the shim, which has no others, is gone. */
  async end(): Promise<void> {
    try {
      await this.kill();
      await this.wait();
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    try {
      await this.delete();
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    await endShim(this.shim, this.id);
  }
}

/** Tells a shim without tasks to end, and waits until it has. */
export async function endShim(shim: ShimClient, id: string): Promise<void> {
  const pid = await shim.pid();
  try {
    await shim.task.shutdown({ id, now: false });
  } catch (error) {
    // It may be gone before it has answered.
    if (!(error instanceof KindError) || error.kind !== 'unavailable') throw error;
  }
  await processEnded(pid);
  shim[Symbol.dispose]();
}

function isNotFound(error: unknown): boolean {
  return error instanceof KindError && error.kind === 'not-found';
}
