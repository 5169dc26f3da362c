import { Status, type Process } from '../../api/gen/containerd/v1/types/types.ts';
import { kindOf } from '../../pkg/errors/kind-of.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import type { Logger } from '../../pkg/log/logger.ts';
import type { Mount } from '../../pkg/mounts/mount.ts';
import type { Scope } from '../../pkg/scope/scope.ts';
import { Semaphore } from '../../pkg/semaphore/semaphore.ts';
import type { Container, ContainerStore } from '../../services/containers/container-store.ts';
import type { NamespaceStore } from '../../services/namespaces/namespace-store.ts';
import type { TaskService } from '../../services/tasks/task-service.ts';
import type { Snapshotter } from '../../snapshotters/snapshotter.ts';
import { restartLabels } from './restart-labels.ts';
import { wantsRestart } from './wants-restart.ts';

/** What the monitor works with. */
export interface RestartParts {
  readonly namespaces: NamespaceStore;
  readonly containers: ContainerStore;
  readonly tasks: TaskService;
  readonly snapshotters: ReadonlyMap<string, Snapshotter>;
  /** Milliseconds between two looks. */
  readonly interval: number;
  readonly log: Logger;
}

/** Containers that are being started or stopped at once. */
const maxChanges = 8;
/** How long one may take, in milliseconds: one that hangs holds a place of those. */
const maxDuration = 120_000;
const sigkill = 9;

/**
 * Keeps the tasks of containers in the state that their labels ask for, in all namespaces. Looks at once, and then in every interval;
 * a container whose change is under way is left alone meanwhile.
 */
export class RestartMonitor implements AsyncDisposable {
  readonly #parts: RestartParts;
  readonly #stop = new AbortController();
  readonly #places = new Semaphore(maxChanges);
  readonly #changing = new Map<string, Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void>;

  constructor(parts: RestartParts) {
    this.#parts = parts;
    this.#looking = this.#look();
  }

  /** Starts nothing more, and waits for what is under way to be given up. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new KindError('canceled', 'the daemon stops'));
    clearTimeout(this.#timer);
    await this.#looking;
    await Promise.all(this.#changing.values());
  }

  async #look(): Promise<void> {
    try {
      const namespaces = await this.#parts.namespaces.list();
      await Promise.all(namespaces.map(({ name }) => this.#lookAt({ namespace: name, signal: this.#stop.signal })));
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#parts.log.error('reconcile', { error });
    }
    if (this.#stop.signal.aborted) return;
    this.#timer = setTimeout(() => {
      this.#looking = this.#look();
    }, this.#parts.interval);
  }

  async #lookAt(scope: Scope): Promise<void> {
    const { containers } = this.#parts;
    const managed = await containers.list(scope, [`labels.${JSON.stringify(restartLabels.status)}`]);
    await Promise.all(managed.map((container) => this.#consider(scope, container)));
  }

  async #consider(scope: Scope, container: Container): Promise<void> {
    const key = `${scope.namespace}/${container.id}`;
    if (this.#changing.has(key)) return;
    const fields = { id: container.id, namespace: scope.namespace };
    try {
      const work = await this.#workFor(scope, container);
      if (!work || this.#stop.signal.aborted) return;
      const change = this.#change(work)
        .catch((error: unknown) => {
          if (!this.#stop.signal.aborted) this.#parts.log.error('apply change', { ...fields, error });
        })
        .finally(() => this.#changing.delete(key));
      this.#changing.set(key, change);
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#parts.log.error('monitor for changes', { ...fields, error });
    }
  }

  async #change(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    using _place = await this.#places.acquire(this.#stop.signal);
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(new KindError('deadline-exceeded', 'restart')), maxDuration);
    try {
      await work(AbortSignal.any([this.#stop.signal, late.signal]));
    } finally {
      clearTimeout(timer);
    }
  }

  /** What is to be done about a container, if anything. */
  async #workFor(scope: Scope, container: Container): Promise<((signal: AbortSignal) => Promise<void>) | undefined> {
    const { labels, id } = container;
    const wanted = labels.get(restartLabels.status);
    const process = await this.#processOf(scope, id);
    const { namespace } = scope;
    if (wanted === 'stopped') {
      if (!process || process.status === Status.STOPPED) return undefined;
      return (signal) => this.#removeTask({ namespace, signal }, id);
    }
    if (wanted !== 'running') return undefined;
    const fine: readonly unknown[] = [Status.RUNNING, Status.PAUSED, Status.PAUSING];
    if (fine.includes(process?.status) || !wantsRestart(labels, process?.exitStatus ?? 0)) return undefined;
    return (signal) => this.#restart({ namespace, signal }, container);
  }

  async #processOf(scope: Scope, id: string): Promise<Process | undefined> {
    try {
      return await this.#parts.tasks.get(scope, { id, execId: '' });
    } catch (error) {
      scope.signal?.throwIfAborted();
      if (kindOf(error) !== 'not-found') this.#parts.log.error('monitor', { id, namespace: scope.namespace, error });
      return undefined;
    }
  }

  async #restart(scope: Scope, container: Container): Promise<void> {
    const { containers, tasks, log } = this.#parts;
    const { id, labels } = container;
    const count = String((Number.parseInt(labels.get(restartLabels.count) ?? '', 10) || 0) + 1);
    const counted = { ...container, labels: new Map([[restartLabels.count, count]]) };
    await containers.update(scope, counted, [`labels.${restartLabels.count}`]);
    await this.#removeTask(scope, id).catch((error: unknown) => {
      scope.signal?.throwIfAborted();
      log.warn('what is left of the task cannot be removed', { id, namespace: scope.namespace, error });
    });
    const rootfs = await this.#rootfsOf(scope, container);
    const nothing = {
      options: undefined,
      runtimePath: '',
      checkpoint: undefined,
      taskApiAddress: '',
      taskApiVersion: 0,
    };
    await tasks.create(scope, id, { ...nothing, ...ioOf(container), rootfs });
    await tasks.start(scope, { id, execId: '' });
    log.info('container started again', { id, namespace: scope.namespace, count });
  }

  async #rootfsOf(scope: Scope, { snapshotter, snapshotKey }: Container): Promise<readonly Mount[]> {
    if (snapshotKey === '') return [];
    const found = this.#parts.snapshotters.get(snapshotter);
    if (!found) throw new KindError('not-found', `snapshotter "${snapshotter}"`);
    return found.mounts(scope, snapshotKey);
  }

  /** Kills a task, if there is one, and deletes it. */
  async #removeTask(scope: Scope, id: string): Promise<void> {
    const { tasks } = this.#parts;
    if (!(await this.#processOf(scope, id))) return;
    try {
      const ended = tasks.wait(scope, { id, execId: '' });
      // Its failure is of interest only when the kill succeeded.
      ended.catch(() => undefined);
      await tasks.kill(scope, { id, execId: '' }, sigkill, true);
      await ended;
    } catch (error) {
      scope.signal?.throwIfAborted();
      // It has ended, or never started: then it can be deleted.
      await tasks.delete(scope, id).catch(() => {
        throw error;
      });
      return;
    }
    await tasks.delete(scope, id);
  }
}

/** By the label, or to nowhere; then without a terminal, whatever the spec says, as containerd does it. */
function ioOf({ labels, spec }: Container): { stdin: string; stdout: string; stderr: string; terminal: boolean } {
  const uri = labels.get(restartLabels.logUri) ?? '';
  const terminal = uri !== '' && hasTerminal(spec?.value);
  return { stdin: '', stdout: uri, stderr: terminal ? '' : uri, terminal };
}

function hasTerminal(spec: Uint8Array | undefined): boolean {
  if (!spec) return false;
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(spec));
    return memberOf(memberOf(value, 'process'), 'terminal') === true;
  } catch {
    // Specs are kept as they are, and need not be JSON.
    return false;
  }
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
