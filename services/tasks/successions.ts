import { setTimeout } from 'node:timers/promises';
import type { RuntimeParts } from './runtime-parts.ts';
import { ShimSuccession, type Orphan } from './shim-succession.ts';
import type { Shim } from './shim.ts';
import type { Task } from './task.ts';
import type { ToldEnds } from './told-ends.ts';

/** A task whose shims die so often in so many milliseconds is given up: the next one would as well. */
const maxDeaths = 10;
const window = 60_000;
/** After so many deaths the next successor has to wait: milliseconds, twice as many each time. */
const patience = 3;
const firstPause = 50;

/** The successions under way in a runtime: tasks of one shim are taken over together, by one successor. */
export class Successions {
  readonly #succession: ShimSuccession;
  readonly #ends: ToldEnds;
  readonly #signal: AbortSignal;
  /** By namespace and address; each with the shims that it was about. */
  readonly #running = new Map<string, Promise<ReadonlySet<Shim>>>();
  readonly #deaths = new WeakMap<Task, number[]>();

  /** @param signal ends them early */
  constructor(parts: RuntimeParts, ends: ToldEnds, signal: AbortSignal) {
    this.#succession = new ShimSuccession(parts);
    this.#ends = ends;
    this.#signal = signal;
  }

  /**
   * Finds a successor for the shim of a task, if it is one that can have one.
   * @param tasks all there are, those of the same shim among them
   * @param followed is called for each that got the successor, before this resolves
   * @returns whether this task got it
   */
  async rescue(task: Task, tasks: Iterable<Task>, followed: (task: Task) => void): Promise<boolean> {
    const { shim } = task;
    if (shim.sandbox !== undefined) return false;
    const key = keyOf(task);
    for (;;) {
      let running = this.#running.get(key);
      if (!running) {
        const family = [...tasks].filter((other) => other.shim.sandbox === undefined && keyOf(other) === key);
        running = this.#rescue(family, followed).finally(() => this.#running.delete(key));
        this.#running.set(key, running);
      }
      const dead = await this.#unlessEnding(running);
      if (task.shim !== shim) return true;
      // One that was under way for a shim before this one has not dealt with it.
      if (!dead || dead.has(shim)) return false;
    }
  }

  /** Resolves when no succession is under way: whoever starts a shim meanwhile may take the place of a successor. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#running.values());
  }

  /** Undefined when all is about to end: whoever comes next does what is left to do. */
  async #unlessEnding(running: Promise<ReadonlySet<Shim>>): Promise<ReadonlySet<Shim> | undefined> {
    try {
      return await running;
    } catch (error) {
      if (this.#signal.aborted) return undefined;
      throw error;
    }
  }

  async #rescue(family: readonly Task[], followed: (task: Task) => void): Promise<ReadonlySet<Shim>> {
    const dead = new Set(family.map(({ shim }) => shim));
    const deaths = new Map(family.map((task) => [task, this.#countDeath(task)]));
    const worthIt = family.filter((task) => (deaths.get(task) ?? 0) <= maxDeaths);
    const most = Math.max(...worthIt.map((task) => deaths.get(task) ?? 0));
    if (most > patience) await setTimeout(firstPause * 2 ** (most - patience - 1), undefined, { signal: this.#signal });
    const tasks = new Map(worthIt.map((task) => [this.#orphan(task), task]));
    const followers = await this.#succession.succeed([...tasks.keys()], this.#signal);
    for (const [orphan, { shim, pid }] of followers) {
      const task = tasks.get(orphan);
      if (!task) continue;
      if (this.#signal.aborted) {
        // Nobody lets go of it any more; the next daemon finds it.
        shim[Symbol.dispose]();
        continue;
      }
      task.follow(shim);
      task.pid = pid;
      followed(task);
    }
    return dead;
  }

  /** @returns how many shims of the task have died lately, this one included. */
  #countDeath(task: Task): number {
    const now = performance.now();
    const deaths = [...(this.#deaths.get(task) ?? []).filter((at) => now - at < window), now];
    this.#deaths.set(task, deaths);
    return deaths.length;
  }

  #orphan(task: Task): Orphan {
    const { shim, processes, namespace, id } = task;
    return {
      bundle: shim.bundle,
      processes,
      hasTold: (execId) => this.#ends.hasTold(namespace, id, execId),
      release: () => shim[Symbol.dispose](),
    };
  }
}

function keyOf({ namespace, shim }: Task): string {
  return `${namespace} ${shim.address.address}`;
}
