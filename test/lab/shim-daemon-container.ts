import { Container } from '../../api/gen/containerd/services/containers/v1/containers.ts';
import { CreateTaskRequest, ExecProcessRequest } from '../../api/gen/containerd/services/tasks/v1/tasks.ts';
import type { Process } from '../../api/gen/containerd/v1/types/types.ts';
import { jsonTypes, packJson } from '../../api/any/json-types.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import type { DaemonCalls } from './daemon-calls.ts';
import type { DaemonUnderTest } from './daemon-under-test.ts';
import { ociProcess, ociSpec, type SpecOptions } from './shim-bundle.ts';
import type { Streams } from './shim-container.ts';
import { uniqueName } from './unique-name.ts';

/** A daemon, its services, and a root filesystem for its containers. */
export interface ContainerHost {
  readonly daemon: DaemonUnderTest;
  readonly calls: DaemonCalls;
  /** Bound as each container's own. */
  readonly rootfs: string;
  /** A runtime's name, or the path of a shim. */
  readonly runtime: string;
}

/**
 * A container that a daemon runs without image or snapshot, by its API alone: quick to make, in hundreds.
 *
 * @example
 * const container = await DaemonContainer.run(host, { args: ['/bin/true'] });
 * assert.equal(await container.wait(), 0);
 * await container.remove();
 */
export class DaemonContainer {
  readonly id: string;
  readonly #host: ContainerHost;

  /** Creates record and task, and starts it. */
  static async run(host: ContainerHost, spec: SpecOptions, streams: Streams = {}): Promise<DaemonContainer> {
    const container = await DaemonContainer.record(host, spec);
    await container.create(spec, streams);
    await container.start();
    return container;
  }

  /** Creates the record alone. */
  static async record(host: ContainerHost, spec: SpecOptions): Promise<DaemonContainer> {
    const { daemon, calls, runtime } = host;
    const id = uniqueName('c');
    daemon.track({ ids: [id] });
    const container = Container.fromPartial({
      id,
      runtime: { name: runtime },
      spec: packJson(jsonTypes.spec, ociSpec(daemon.namespace, id, spec)),
    });
    await calls.containers.create({ container }, calls.options);
    return new DaemonContainer(host, id);
  }

  private constructor(host: ContainerHost, id: string) {
    this.#host = host;
    this.id = id;
  }

  /** Creates the task; gives its pid. */
  async create({ terminal = false }: SpecOptions = {}, streams: Streams = {}): Promise<number> {
    const { calls, rootfs } = this.#host;
    const mounts = [{ type: 'bind', source: rootfs, options: ['rbind', 'rw'] }];
    const request = CreateTaskRequest.fromPartial({ containerId: this.id, rootfs: mounts, terminal, ...streams });
    return (await calls.tasks.create(request, calls.options)).pid;
  }

  /** Starts the task, or an exec that was added. */
  async start(execId = ''): Promise<number> {
    const { calls } = this.#host;
    return (await calls.tasks.start({ containerId: this.id, execId }, calls.options)).pid;
  }

  /** Waits for an end; gives the exit status. */
  async wait(execId = ''): Promise<number> {
    const { calls } = this.#host;
    return (await calls.tasks.wait({ containerId: this.id, execId }, calls.options)).exitStatus;
  }

  async kill(signal = 9): Promise<void> {
    const { calls } = this.#host;
    await calls.tasks.kill({ containerId: this.id, execId: '', signal, all: false }, calls.options);
  }

  /** What the daemon tells of a process; undefined when there is no task. */
  async process(execId = ''): Promise<Process | undefined> {
    const { calls } = this.#host;
    try {
      return (await calls.tasks.get({ containerId: this.id, execId }, calls.options)).process;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** Adds an exec and starts it; gives its id. */
  async startExec(spec: SpecOptions, streams: Streams = {}): Promise<string> {
    const { calls } = this.#host;
    const execId = uniqueName('e');
    const request = ExecProcessRequest.fromPartial({
      containerId: this.id,
      execId,
      spec: packJson(jsonTypes.process, ociProcess(spec)),
      ...streams,
    });
    await calls.tasks.exec(request, calls.options);
    await this.start(execId);
    return execId;
  }

  /** Deletes an exec that has ended; gives its exit status. */
  async deleteExec(execId: string): Promise<number> {
    const { calls } = this.#host;
    return (await calls.tasks.deleteProcess({ containerId: this.id, execId }, calls.options)).exitStatus;
  }

  /** Runs a process to its end; gives its exit status. */
  async exec(args: readonly string[]): Promise<number> {
    const execId = await this.startExec({ args });
    const status = await this.wait(execId);
    await this.deleteExec(execId);
    return status;
  }

  /** Deletes the task, which has ended; gives its exit status. */
  async delete(): Promise<number> {
    const { calls } = this.#host;
    return (await calls.tasks.delete({ containerId: this.id }, calls.options)).exitStatus;
  }

  /** Removes task and record, in whatever state they are. */
  async remove(): Promise<void> {
    const { calls } = this.#host;
    for (const step of [() => this.kill(), () => this.wait(), () => this.delete()]) await step().catch(ignoreNotFound);
    await calls.containers.delete({ id: this.id }, calls.options).catch(ignoreNotFound);
  }
}

function isNotFound(error: unknown): boolean {
  return error instanceof KindError && error.kind === 'not-found';
}

function ignoreNotFound(error: unknown): void {
  if (!isNotFound(error)) throw error;
}
