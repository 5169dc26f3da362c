import { join } from 'node:path';
import { TaskDelete, TaskExit } from '../../api/gen/containerd/events/events.ts';
import { CreateTaskRequest } from '../../api/gen/containerd/services/tasks/v1/tasks.ts';
import { Status } from '../../api/gen/containerd/v1/types/types.ts';
import type { Envelope } from '../../api/gen/containerd/types/types.ts';
import { makeFifo } from '../../pkg/sys/make-fifo.ts';
import { ProcessHandle } from '../../pkg/sys/process-handle.ts';
import { busyboxRootfs } from './busybox-rootfs.ts';
import { Ctr } from './ctr.ts';
import { DaemonCalls } from './daemon-calls.ts';
import { DaemonUnderTest } from './daemon-under-test.ts';
import { FifoWriter } from './fifo-ends.ts';
import { fileMatches } from './file-matches.ts';
import { shimPid } from './shim-pid.ts';
import { uniqueName } from './unique-name.ts';

/** An event of a task's process. */
export interface ToldEnd {
  readonly topic: string;
  readonly id: string;
  readonly execId: string;
  readonly status: number;
}

/** What a container runs that writes numbered lines, and ends with the code that {@link OrphanLab.end} sends. */
const writeUntilTold = (id: string): string =>
  `(i=1; while sleep 0.05; do echo $i; i=$((i+1)); done) & read code < /tmp/${id}; exit $code`;

/**
 * A daemon of ours with our shim, containers that end when they are told to, and a record of all ends that are told. Disposing fails if anything is left
 * on the machine.
 *
 * @example
 * await using lab = await OrphanLab.start();
 * const id = await lab.run(['--log-uri', `file://${log}`]);
 * await lab.killShim(id);
 * await lab.end(id, 7);
 */
export class OrphanLab implements AsyncDisposable {
  readonly daemon: DaemonUnderTest;
  readonly ctr: Ctr;
  readonly rootfs: string;
  readonly ends: ToldEnd[] = [];
  calls: DaemonCalls;
  readonly #stop = new AbortController();
  #told = Promise.withResolvers<void>();

  private constructor(daemon: DaemonUnderTest) {
    this.daemon = daemon;
    this.ctr = new Ctr(daemon);
    this.rootfs = busyboxRootfs(daemon.directory);
    this.calls = new DaemonCalls(daemon);
  }

  static async start(): Promise<OrphanLab> {
    const lab = new OrphanLab(await DaemonUnderTest.start({ kind: 'gantry', shim: 'gantry' }));
    await lab.#subscribe();
    return lab;
  }

  /** Starts a container by `ctr run -d`. @returns its id */
  async run(options: readonly string[], script?: string): Promise<string> {
    const id = this.prepare();
    await this.ctr.ok([
      'run',
      '-d',
      ...options,
      '--rootfs',
      this.rootfs,
      id,
      '/bin/sh',
      '-c',
      script ?? writeUntilTold(id),
    ]);
    return id;
  }

  /** A container's name, and what it is told its end by. */
  prepare(): string {
    const id = uniqueName('c');
    this.daemon.track({ ids: [id] });
    makeFifo(join(this.rootfs, 'tmp', id), 0o600);
    return id;
  }

  /** Creates a container whose output goes to a FIFO of ours, and does not start it. With `stdin`, another FIFO, it has a terminal. */
  async create(stdout: string, stdin = '', script?: string): Promise<string> {
    const id = this.prepare();
    const terminal = stdin !== '';
    const command = ['/bin/sh', '-c', script ?? writeUntilTold(id)];
    await this.ctr.ok(['container', 'create', ...(terminal ? ['-t'] : []), '--rootfs', this.rootfs, id, ...command]);
    const io = { stdin, stdout, stderr: terminal ? '' : stdout, terminal };
    await this.calls.tasks.create(CreateTaskRequest.fromPartial({ containerId: id, ...io }), this.calls.options);
    return id;
  }

  /** Resolves when the start of a container has been answered, whoever asked for it: the shim tells its state on the same connection, afterwards. */
  async isStarted(id: string): Promise<void> {
    for (;;) {
      const { process } = await this.calls.tasks.get({ containerId: id, execId: '' }, this.calls.options);
      if (process?.status === Status.RUNNING) return;
    }
  }

  bundle(id: string): string {
    return join(this.daemon.state, 'io.containerd.runtime.v2.task', this.daemon.namespace, id);
  }

  /** Resolves when the shim has kept what its successor needs. */
  async isKept(id: string, what = /"processes"/): Promise<void> {
    await fileMatches(join(this.bundle(id), 'successor.json'), what);
  }

  shim(id: string): number {
    return shimPid(id, this.daemon.address);
  }

  /** SIGKILL, and its end. @returns the pid that it had */
  async killShim(id: string): Promise<number> {
    const pid = this.shim(id);
    using shim = new ProcessHandle(pid);
    shim.signal(9);
    await shim.exited();
    return pid;
  }

  /** Lets a container end. */
  async end(id: string, code: number): Promise<void> {
    using told = await FifoWriter.open(join(this.rootfs, 'tmp', id));
    await told.write(`${String(code)}\n`);
  }

  /** Resolves with the ends of a container when its task's was told so often. */
  async endsOf(id: string, topic = '/tasks/exit'): Promise<readonly ToldEnd[]> {
    const mine = (): ToldEnd[] => this.ends.filter((end) => end.id === id);
    while (!mine().some((end) => end.topic === topic && end.execId === '')) {
      const { promise } = this.#told;
      await promise;
    }
    return mine();
  }

  /** Removes task and container of those that have ended. */
  async remove(...ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      await this.ctr.run(['task', 'rm', '-f', id]);
      await this.ctr.ok(['container', 'rm', id]);
    }
  }

  /** After the daemon was started anew. */
  async reconnect(): Promise<void> {
    await this.calls[Symbol.asyncDispose]();
    this.calls = new DaemonCalls(this.daemon);
    await this.#subscribe();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.calls[Symbol.asyncDispose]();
    await this.daemon[Symbol.asyncDispose]();
  }

  async #subscribe(): Promise<void> {
    const subscribed = Promise.withResolvers<void>();
    const filters = ['topic=="/tasks/exit"', 'topic=="/tasks/delete"'];
    const { signal } = this.#stop;
    const events = this.calls.events.subscribe({ filters }, { onHeaders: subscribed.resolve, signal });
    void this.#record(events);
    await subscribed.promise;
  }

  async #record(events: AsyncIterable<Envelope>): Promise<void> {
    try {
      for await (const { topic, event } of events) {
        const codec = topic === '/tasks/exit' ? TaskExit : TaskDelete;
        const { containerId, id, exitStatus } = codec.decode(event?.value ?? new Uint8Array());
        this.ends.push({ topic, id: containerId, execId: id === containerId ? '' : id, status: exitStatus });
        this.#told.resolve();
        this.#told = Promise.withResolvers();
      }
    } catch {
      // The daemon was killed.
    }
  }
}
