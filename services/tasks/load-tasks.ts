import { mkdir } from 'node:fs/promises';
import { KindError } from '../../pkg/errors/kind-error.ts';
import { kindOf } from '../../pkg/errors/kind-of.ts';
import { Semaphore } from '../../pkg/semaphore/semaphore.ts';
import type { Bundle } from './bundle.ts';
import { Deadline } from './deadline.ts';
import type { ShimAddress } from './shim-address.ts';
import { untilShimIsIdle } from './shim-processes.ts';
import { ShimSuccession, type Orphan } from './shim-succession.ts';
import type { RuntimeParts } from './runtime-parts.ts';
import { exitOf, type ShimTaskRuntime } from './shim-task-runtime.ts';
import type { Shim } from './shim.ts';
import { removeWorkDirectories, storedBundles } from './stored-bundles.ts';
import { TaskProcesses } from './task-processes.ts';
import type { TaskExit } from './task-exit.ts';

/** Removals and successors start a process each. */
const maxProcesses = 4;

/**
 * Finds the tasks of an earlier daemon: all bundles at once, before anything is served. A shim that answers and knows its task is
 * taken in; one of ours that has died or hangs gets a successor, which is taken in. Everything else is removed in the background, its name
 * reserved until that is done: dead shims, with the events that tell how their tasks ended; shims that were started and never got a task;
 * hidden bundles and work directories without one.
 *
 * The directories are the daemon's own: it has made sure of that before.
 */
export async function loadTasks(runtime: ShimTaskRuntime, parts: RuntimeParts): Promise<void> {
  await mkdir(parts.roots.state, { recursive: true, mode: 0o711 });
  const loader = new Loader(runtime, parts);
  const bundles = await storedBundles(parts.roots, parts.log);
  await Promise.all(bundles.map((bundle) => loader.load(bundle)));
  await loader.settle();
  await removeWorkDirectories(parts.roots, bundles, parts.log);
}

/** A bundle whose shim could not be taken in. */
interface Lost {
  readonly bundle: Bundle;
  readonly shim: Shim | undefined;
  readonly error: unknown;
}

class Loader {
  readonly #runtime: ShimTaskRuntime;
  readonly #parts: RuntimeParts;
  readonly #processes = new Semaphore(maxProcesses);
  /** Those that are to be removed. */
  readonly #lost: Lost[] = [];
  /** Those that may have a successor, by namespace and address of the shim that they share. */
  readonly #orphans = new Map<string, Lost[]>();
  /** Where shims have answered. */
  readonly #alive = new Set<string>();

  constructor(runtime: ShimTaskRuntime, parts: RuntimeParts) {
    this.#runtime = runtime;
    this.#parts = parts;
  }

  async load(bundle: Bundle): Promise<void> {
    const { timeouts } = this.#parts;
    using deadline = new Deadline(timeouts.load, `loading task "${bundle.id}"`);
    let shim: Shim | undefined;
    try {
      shim = await this.#parts.shims.attach(bundle, deadline.signal);
      const pid = await this.#pidOf(shim, deadline.signal);
      this.#alive.add(familyOf(bundle, shim.address));
      this.#runtime.adopt({ shim, pid }, await this.#held(bundle));
    } catch (error) {
      const family = await this.#familyOfOrphan(bundle, shim, error);
      const lost = { bundle, shim, error };
      if (family === undefined) this.#lost.push(lost);
      else this.#orphans.set(family, [...(this.#orphans.get(family) ?? []), lost]);
    }
  }

  /**
   * Once, when all bundles have been tried, and it is known which shims have to stay: finds successors for those of ours that have died
   * or hang, and removes what is left of the others.
   */
  async settle(): Promise<void> {
    for (const lost of this.#lost) this.#bury(lost);
    const succession = new ShimSuccession(this.#parts);
    const families = [...this.#orphans].map(async ([family, lost]) => {
      using _permit = await this.#processes.acquire();
      const orphans = new Map(lost.map((one) => [orphanOf(one), one]));
      const heirs = this.#alive.has(family) ? [] : orphans.keys();
      const followers = await succession.succeed([...heirs]);
      for (const [orphan, one] of orphans) {
        const follower = followers.get(orphan);
        if (follower) this.#runtime.adopt(follower, orphan.processes);
        else this.#bury(one, orphan.processes);
      }
    });
    await Promise.all(families);
  }

  /** What another shim would need of the processes of one that lives; undefined when it cannot be followed. */
  async #held(bundle: Bundle): Promise<TaskProcesses | undefined> {
    const record = await bundle.readSuccessorRecord().catch(() => undefined);
    if (!record) return undefined;
    const processes = new TaskProcesses();
    processes.holdAll(record);
    return processes;
  }

  /** The family of a bundle whose shim does not answer, and can have a successor. */
  async #familyOfOrphan(bundle: Bundle, shim: Shim | undefined, error: unknown): Promise<string | undefined> {
    const silent = shim === undefined || ['unavailable', 'deadline-exceeded'].includes(kindOf(error));
    if (!silent) return undefined;
    try {
      const [address, sandbox, record] = await Promise.all([
        bundle.readAddress(),
        bundle.readSandbox(),
        bundle.readSuccessorRecord(),
      ]);
      return address && record && sandbox === undefined ? familyOf(bundle, address) : undefined;
    } catch {
      // What cannot be read cannot be followed either.
      return undefined;
    }
  }

  #bury({ bundle, shim, error }: Lost, processes?: TaskProcesses): void {
    const facts = { id: bundle.id, namespace: bundle.namespace, error };
    this.#parts.log.warn('task of an earlier daemon cannot be loaded, removing what it left', facts);
    this.#runtime.clear(bundle, async () => {
      using held = processes;
      return await this.#remove(bundle, shim, error, held);
    });
  }

  /**
   * The task's pid; 0 for one that a checkpoint is to be restored to when it is started. A daemon may have been killed in the middle
   * of a create, which its shim goes on with.
   * @throws KindError `not-found` when the shim has no such task, and is not making it.
   */
  async #pidOf({ bundle, client }: Shim, signal: AbortSignal): Promise<number> {
    const { shimPid, taskPid } = await client.call('connect', { id: bundle.id }, signal);
    if (taskPid !== 0) return taskPid;
    await untilShimIsIdle(bundle.path, shimPid, signal);
    const { pid } = await client.call('state', { id: bundle.id, execId: '' }, signal);
    return pid;
  }

  /** An exit is told only of tasks that somebody was told to exist. */
  async #remove(
    bundle: Bundle,
    shim: Shim | undefined,
    cause: unknown,
    processes: TaskProcesses | undefined,
  ): Promise<TaskExit | undefined> {
    using _permit = await this.#processes.acquire();
    const { shims, timeouts } = this.#parts;
    const neverTold = shim === undefined && (await this.#address(bundle)) === undefined;
    const unknownToShim = shim !== undefined && cause instanceof KindError && cause.kind === 'not-found';
    if (shim && unknownToShim && shim.sandbox === undefined) await this.#shutdown(shim, timeouts.shutdown);
    shim?.[Symbol.dispose]();
    // A group's shim may work in the bundle of one that it has served; killing is for those that serve nobody.
    const isShared = shim !== undefined && this.#alive.has(familyOf(bundle, shim.address));
    const response = await shims.remove(bundle, {
      ...(isShared ? {} : { kill: neverTold || unknownToShim ? 'everything' : 'shim' }),
      unnamed: neverTold && (await bundle.readSandbox()) === undefined,
      address: shim?.address,
    });
    return neverTold || unknownToShim ? undefined : exitOf(response, 0, processes?.handle('')?.exitStatus);
  }

  async #shutdown(shim: Shim, milliseconds: number): Promise<void> {
    using deadline = new Deadline(milliseconds, `shutdown of the shim of "${shim.bundle.id}"`);
    await this.#quietly(shim.bundle.id, () =>
      shim.client.call('shutdown', { id: shim.bundle.id, now: false }, deadline.signal),
    );
  }

  async #address(bundle: Bundle): Promise<unknown> {
    // An address that cannot be read was told all the same.
    return bundle.readAddress().catch((error: unknown) => error);
  }

  async #quietly(name: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#parts.log.warn('removing what an earlier daemon left failed', { name, error });
    }
  }
}

function orphanOf({ bundle, shim }: Lost): Orphan {
  return {
    bundle,
    processes: new TaskProcesses(),
    // Nobody who is still there knows.
    hasTold: () => false,
    release: () => shim?.[Symbol.dispose](),
  };
}

function familyOf({ namespace }: Bundle, { address }: ShimAddress): string {
  return `${namespace} ${address}`;
}
