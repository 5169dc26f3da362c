import { mkdir } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import type { RuntimeInfo } from '../../api/gen/containerd/types/types.ts';
import type { Any } from '../../api/gen/google/protobuf/any.ts';
import { toTimestamp } from '../../api/time/to-timestamp.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import { validateIdentifier } from '../../pkg/identifiers/validate-identifier.ts';
import type { Scope } from '../../pkg/scope/scope.ts';
import { nowNanoseconds } from '../../pkg/time/now-nanoseconds.ts';
import { Bundle } from './bundle.ts';
import { createInShim } from './create-in-shim.ts';
import { refuseUnknownFeatures } from './refuse-unknown-features.ts';
import type { RuntimeParts } from './runtime-parts.ts';
import type { ShimAddress } from './shim-address.ts';
import { ShimEndings } from './shim-endings.ts';
import type { Follower } from './shim-succession.ts';
import type { Shim } from './shim.ts';
import { Successions } from './successions.ts';
import type { TaskProcesses } from './task-processes.ts';
import type { TaskFields, TaskRuntime, TaskSandbox } from './task-runtime.ts';
import type { TaskExit } from './task-exit.ts';
import { Task } from './task.ts';
import { ToldEnds } from './told-ends.ts';
import { untilAborted } from './until-aborted.ts';

/** Tasks in shims that the manager starts. */
export class ShimTaskRuntime implements TaskRuntime, AsyncDisposable {
  readonly #parts: RuntimeParts;
  readonly #ends: ToldEnds;
  readonly #tasks = new Map<string, Task>();
  /** Names that a create has reserved, with the create's own token. */
  readonly #creating = new Map<string, symbol>();
  /** Names whose former owner's remains are being removed. */
  readonly #departing = new Map<string, Promise<void>>();
  /** Tasks whose shim died and whose remains are being removed. */
  readonly #dying = new Set<Task>();
  readonly #closing = new AbortController();
  readonly #successions: Successions;
  readonly #endings: ShimEndings;

  constructor(parts: RuntimeParts) {
    this.#parts = parts;
    this.#ends = new ToldEnds(parts.events, (namespace, id, execId) =>
      this.#tasks.get(keyOf(namespace, id))?.processes.releaseOutputs(execId),
    );
    this.#successions = new Successions(parts, this.#ends, this.#closing.signal);
    this.#endings = new ShimEndings(parts, (shim) => this.#isShared(shim), this.#closing.signal);
  }

  async create(scope: Scope, id: string, fields: TaskFields): Promise<Task> {
    validateIdentifier(scope.namespace, 'namespace');
    validateIdentifier(id, 'task id');
    const key = keyOf(scope.namespace, id);
    if (this.#tasks.has(key) || this.#creating.has(key)) throw new KindError('already-exists', describe(scope, id));
    const token = Symbol(key);
    this.#creating.set(key, token);
    try {
      await untilAborted(this.#departed(key), scope.signal);
      return await this.#create(scope, key, new Bundle(this.#parts.roots, scope.namespace, id), fields);
    } finally {
      if (this.#creating.get(key) === token) this.#creating.delete(key);
    }
  }

  get(scope: Scope, id: string): Task {
    const task = this.#tasks.get(keyOf(scope.namespace, id));
    if (!task) throw new KindError('not-found', describe(scope, id));
    return task;
  }

  list(namespace: string): readonly Task[] {
    return [...this.#tasks.values()].filter((task) => task.namespace === namespace);
  }

  async delete(scope: Scope, id: string): Promise<TaskExit> {
    const task = this.get(scope, id);
    const exit = await this.#deleteInShim(task, scope.signal);
    const key = keyOf(task.namespace, id);
    // Two deletes of one task, or a shim that died after it answered: somebody else takes the rest away.
    if (this.#tasks.get(key) !== task) return exit;
    if (this.#dying.has(task)) return (await task.gone) ?? exit;
    this.#tasks.delete(key);
    this.#dismiss(task, exit);
    return exit;
  }

  async start(scope: Scope, id: string, execId: string): Promise<number> {
    const task = this.get(scope, id);
    const { pid } = await task.call('start', { id, execId }, scope.signal);
    // Restored from a checkpoint, the first one has none before it is started.
    task.hold(execId, pid);
    return pid;
  }

  async deleteProcess(scope: Scope, id: string, execId: string): Promise<TaskExit> {
    const task = this.get(scope, id);
    const exit = await task.call('delete', { id, execId }, scope.signal);
    task.processes.release(execId);
    this.#ends.forgetProcess(task.namespace, id, execId);
    return exit;
  }

  info(scope: Pick<Scope, 'signal'>, runtime: string, options: Any | undefined): Promise<RuntimeInfo> {
    return this.#parts.shims.info(runtime, options, scope.signal);
  }

  /** Takes in a task that was found after a restart. */
  adopt({ shim, pid }: Follower, processes?: TaskProcesses): void {
    const task = new Task(shim, processes);
    task.pid = pid;
    this.#tasks.set(keyOf(task.namespace, task.id), task);
    this.#ends.watch(task.namespace, task.id);
    this.#watch(task);
  }

  /** Reserves a name, until `work` is done, for what an earlier daemon left under it; then publishes how it ended, if it is known. */
  clear(bundle: Bundle, work: () => Promise<TaskExit | undefined>): void {
    this.#depart(
      keyOf(bundle.namespace, bundle.id),
      work().then((exit) => {
        if (exit) this.#ends.tell(bundle.namespace, bundle.id, exit);
      }),
    );
  }

  /** Lets go of the shims, which run on, once removals that are under way are done. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    for (const { shim, processes } of this.#tasks.values()) {
      shim[Symbol.dispose]();
      processes[Symbol.dispose]();
    }
    await Promise.all(this.#departing.values());
    this.#ends[Symbol.dispose]();
  }

  async #create(scope: Scope, key: string, bundle: Bundle, fields: TaskFields): Promise<Task> {
    const { shims } = this.#parts;
    const home = await this.#shimOfSandbox(scope, fields.sandbox);
    const binary = this.#findBinary(fields.runtime, home);
    await refuseUnknownFeatures(shims, fields, scope.signal);
    await bundle.create({ spec: fields.spec, shimBinary: binary });
    const checkpoint = await this.#unpackCheckpoint(key, bundle, fields, scope.signal);
    let task: Task | undefined;
    try {
      await untilAborted(this.#successions.settled(), scope.signal);
      const shim =
        home && fields.sandbox
          ? await shims.join(bundle, fields.sandbox.id, home, scope.signal)
          : await shims.start(bundle, binary, fields.options, scope.signal);
      task = new Task(shim);
      // Visible from here on: the shim publishes the creation before it answers.
      this.#tasks.set(key, task);
      this.#ends.watch(bundle.namespace, bundle.id);
      task.expect('', fields);
      task.hold('', await createInShim(shim, fields, checkpoint, scope.signal));
      this.#watch(task);
      return task;
    } catch (error) {
      this.#tasks.delete(key);
      this.#ends.forget(bundle.namespace, bundle.id);
      const rollback = this.#rollBack(bundle, task);
      this.#depart(key, rollback);
      // Who has gone does not wait for the remains to be removed; everybody else may count on it.
      if (!scope.signal?.aborted) await untilAborted(rollback, scope.signal).catch(() => undefined);
      throw error;
    }
  }

  /** @returns the directory of the images; empty without a checkpoint. */
  async #unpackCheckpoint(
    key: string,
    bundle: Bundle,
    { checkpoint }: TaskFields,
    signal: AbortSignal | undefined,
  ): Promise<string> {
    if (typeof checkpoint === 'string') return checkpoint;
    try {
      await mkdir(bundle.checkpoint, { mode: 0o700 });
      await checkpoint(bundle.checkpoint, signal);
      return bundle.checkpoint;
    } catch (error) {
      // Nothing of the task is there yet but its bundle.
      const removal = this.#endings.removeBundle(bundle);
      this.#depart(key, removal);
      await removal;
      throw error;
    }
  }

  /** Takes back a task that was not created: first as its shim would have it, then by force. */
  async #rollBack(bundle: Bundle, task: Task | undefined): Promise<void> {
    const { shims } = this.#parts;
    if (task && (await this.#endings.takeBack(task.shim))) {
      await this.#endings.removeBundle(bundle);
      this.#depart(
        keyOf(bundle.namespace, bundle.id),
        this.#endings.untilEnded(task.shim).then(() => undefined),
      );
    } else {
      const shared = task !== undefined && this.#isShared(task.shim);
      await shims.remove(bundle, { kill: shared ? 'shim' : 'everything', address: task?.shim.address });
      task?.shim[Symbol.dispose]();
    }
    task?.markGone(undefined);
  }

  async #deleteInShim(task: Task, signal: AbortSignal | undefined): Promise<TaskExit> {
    try {
      return await task.call('delete', { id: task.id, execId: '' }, signal);
    } catch (error) {
      if (!task.shim.client.isClosed) {
        if (!(error instanceof KindError) || error.kind !== 'not-found') throw error;
        // The shim knows nothing of it: what is left goes, and the answer says so.
        this.#drop(task);
        throw error;
      }
      const exit = await untilAborted(task.gone, signal);
      if (exit) return exit;
      throw error;
    }
  }

  #drop(task: Task): void {
    const key = keyOf(task.namespace, task.id);
    if (this.#tasks.get(key) !== task || this.#dying.has(task)) return;
    this.#tasks.delete(key);
    this.#dismiss(task, undefined);
  }

  /**
   * Ends the shim of a task that it has deleted, and removes the bundle: after the answer, since the task is gone and its name is held until all that
   * is done. A daemon that dies before finds a shim without a task, and ends it.
   */
  #dismiss(task: Task, exit: TaskExit | undefined): void {
    const { shim } = task;
    const leave = async (): Promise<void> => {
      // Whatever comes of it, the shim is let go of.
      using _shim = shim;
      await this.#endings.shutDownAndRemove(shim);
      // It may have events to send.
      const ended = await this.#endings.untilEnded(shim);
      await this.#tellEnd(task, ended ? exit : undefined);
    };
    this.#depart(keyOf(task.namespace, task.id), leave());
    task.markGone(exit);
  }

  /** A shim that lives on tells of the end itself; one that has ended may have ended too fast. */
  async #tellEnd(task: Task, exit: TaskExit | undefined): Promise<void> {
    // What came in with the end of the connection is on its way through the loop.
    await setImmediate();
    await setImmediate();
    if (exit && !this.#closing.signal.aborted) this.#ends.tell(task.namespace, task.id, exit);
    else this.#ends.forget(task.namespace, task.id);
  }

  /**
   * The shim of the sandbox that a task is made in; undefined for one that gets a shim as others do: without a sandbox, with one that has
   * no record, and with one whose shim is so old that it may know of groups but not of sandboxes.
   */
  async #shimOfSandbox(scope: Scope, sandbox: TaskSandbox | undefined): Promise<ShimAddress | undefined> {
    const { sandboxes } = this.#parts;
    if (!sandbox || !(await sandboxes?.isKnown(scope, sandbox.id))) return undefined;
    const { namespace } = scope;
    const told = sandbox.address ?? sandboxes?.endpoint(namespace, sandbox.id);
    const address = told ?? this.#tasks.get(keyOf(namespace, sandbox.id))?.shim.address;
    if (address) return address.version < 3 ? undefined : address;
    throw new KindError('not-found', `shim of sandbox "${sandbox.id}" in namespace "${namespace}"`);
  }

  /** What is to clean up after a task if its sandbox dies need not be installed. */
  #findBinary(runtime: string, home: ShimAddress | undefined): string {
    try {
      return this.#parts.shims.find(runtime);
    } catch (error) {
      if (home) return '';
      throw error;
    }
  }

  /** Whether another task, or a sandbox, lives in the same shim. */
  #isShared(shim: Shim): boolean {
    if (shim.sandbox !== undefined) return true;
    const others = [...this.#tasks.values()].filter((task) => task.shim !== shim);
    return others.some((task) => task.shim.address.address === shim.address.address);
  }

  /** A connection that ends means a shim that died, unless we have let go of it ourselves. */
  #watch(task: Task): void {
    const { shim } = task;
    const key = keyOf(task.namespace, task.id);
    const isOver = (): boolean =>
      this.#closing.signal.aborted || this.#tasks.get(key) !== task || task.shim !== shim || this.#dying.has(task);
    const orphaned = async (): Promise<void> => {
      const rescued = await this.#successions.rescue(task, this.#tasks.values(), (one) => this.#watch(one));
      if (!rescued && !isOver()) await this.#bury(task);
    };
    void shim.client.closed.then(() => {
      if (!isOver()) this.#depart(key, orphaned());
    });
  }

  async #bury(task: Task): Promise<void> {
    const { log, shims } = this.#parts;
    this.#dying.add(task);
    log.warn('cleaning up after shim disconnected', { id: task.id, namespace: task.namespace });
    const { bundle, address } = task.shim;
    // Other runtimes' processes may be no more than what stands for the container.
    const isOurs = (await bundle.readSuccessorRecord().catch(() => undefined)) !== undefined;
    const kill = this.#isShared(task.shim) ? {} : ({ kill: 'shim' } as const);
    const response = await shims.remove(bundle, { ...kill, address });
    task.shim[Symbol.dispose]();
    const exit = exitOf(response, task.pid, isOurs ? task.processes.handle('')?.exitStatus : undefined);
    this.#tasks.delete(keyOf(task.namespace, task.id));
    this.#dying.delete(task);
    this.#ends.tell(task.namespace, task.id, exit);
    task.markGone(exit);
  }

  /** Resolves when nothing of a former owner of the name is left. */
  async #departed(key: string): Promise<void> {
    while (this.#departing.has(key)) await this.#departing.get(key);
  }

  #depart(key: string, removal: Promise<void>): void {
    const before = this.#departing.get(key);
    const all = Promise.all([before, removal]).then(
      () => undefined,
      (error: unknown) => this.#parts.log.error('removing a task failed', { key, error }),
    );
    this.#departing.set(key, all);
    void all.then(() => {
      if (this.#departing.get(key) === all) this.#departing.delete(key);
    });
  }
}

/** How a task ended whose shim died: as its process tells, or the shim's binary, else 255 as containerd says. */
export function exitOf(response: Partial<TaskExit> | undefined, pid: number, seen?: number): TaskExit {
  const exitedAt = response?.exitedAt ?? toTimestamp(nowNanoseconds());
  if (!response) return { pid, exitStatus: seen ?? 255, exitedAt };
  return { pid: response.pid || pid, exitStatus: seen ?? response.exitStatus ?? 255, exitedAt };
}

function keyOf(namespace: string, id: string): string {
  return `${namespace}/${id}`;
}

function describe(scope: Scope, id: string): string {
  return `task "${id}" in namespace "${scope.namespace}"`;
}
