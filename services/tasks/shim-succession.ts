import { KindError } from '../../pkg/errors/kind-error.ts';
import type { Logger } from '../../pkg/log/logger.ts';
import { isSystemError } from '../../pkg/sys/system-error.ts';
import type { Bundle } from './bundle.ts';
import { Deadline } from './deadline.ts';
import { openProcess } from './open-process.ts';
import type { InheritedFd } from './shim-command.ts';
import type { ShimManager } from './shim-manager.ts';
import { killProcessesIn, untilRuntimesHaveEnded } from './shim-processes.ts';
import type { Shim } from './shim.ts';
import type { RecordedProcess, SuccessorRecord } from './successor-record.ts';
import type { TaskProcesses } from './task-processes.ts';
import type { TaskTimeouts } from './task-timeouts.ts';
import { untilAborted } from './until-aborted.ts';

const sigkill = 9;
/** How many successors are tried for one death. */
const maxAttempts = 3;
/** The first number of a descriptor that is none of the standard ones. */
const firstFd = 3;

/** A container whose shim has died. */
export interface Orphan {
  readonly bundle: Bundle;
  /** What is held of its processes; what is not, and is still there, is held from now on. */
  readonly processes: TaskProcesses;
  /** Whether the exit of a process has been published. */
  readonly hasTold: (execId: string) => boolean;
  /** Lets go of the shim that died; called when a successor is to be started. */
  readonly release: () => void;
}

/** A container that another shim has taken over. */
export interface Follower {
  readonly shim: Shim;
  /** The first process's. */
  readonly pid: number;
}

/** What the succession works with. */
export interface SuccessionParts {
  readonly shims: ShimManager;
  readonly timeouts: TaskTimeouts;
  readonly log: Logger;
}

/**
 * Puts a new shim in the place of one that has died, so that its containers live on.
 *
 * That is for shims of ours: they keep in each bundle what a successor needs. First the old shim is made sure to be dead, since two would fight
 * over one container. Then one successor for all its containers is started and handed a pidfd of each process, so that an exit in between is not
 * lost, and the terminals that we hold. It listens where the old one did; whoever of the containers it does not know is not taken over.
 *
 * The input of its command, `takeover`, is JSON: `{version: 1, socketDirectory, containers: [{id, bundle, processes: [{exec, pidfd?, master?,
 * told}]}]}`, where `pidfd` and `master` are numbers of descriptors that it inherits, and `exec` is empty for the first process.
 */
export class ShimSuccession {
  readonly #parts: SuccessionParts;

  constructor(parts: SuccessionParts) {
    this.#parts = parts;
  }

  /**
   * Finds a successor for the containers of one shim, all in one namespace. Never throws: who is not in the answer is to be buried.
   * @param signal ends it early
   */
  async succeed(orphans: readonly Orphan[], signal?: AbortSignal): Promise<ReadonlyMap<Orphan, Follower>> {
    const { log, timeouts } = this.#parts;
    const followers = new Map<Orphan, Follower>();
    // One that dies before it has told us that it took over is followed likewise.
    for (let attempt = 0; attempt < maxAttempts && signal?.aborted !== true; attempt++) {
      const left = orphans.filter((orphan) => !followers.has(orphan));
      const heirs = (await Promise.all(left.map(heirsOf))).flat();
      const [first] = heirs;
      if (!first) break;
      const { id, namespace } = first.orphan.bundle;
      using deadline = new Deadline(timeouts.load, `a successor for the shim of "${id}"`, signal);
      try {
        if (attempt > 0) await this.#dismiss(first.orphan.bundle);
        await this.#succeed(heirs, followers, deadline.signal);
      } catch (error) {
        log.warn('nobody takes over from a shim that died', { id, namespace, error });
      }
    }
    for (const [{ bundle }, { pid }] of followers) {
      log.warn('shim died, and another has taken over', { id: bundle.id, namespace: bundle.namespace, pid });
    }
    return followers;
  }

  async #succeed(heirs: readonly Heir[], followers: Map<Orphan, Follower>, signal: AbortSignal): Promise<void> {
    const [first] = heirs;
    if (!first) return;
    // Before all: from now on what ends is known.
    for (const { orphan, record } of heirs) orphan.processes.holdAll(record);
    for (const { record } of heirs) await ended(record.shim, signal);
    for (const { orphan } of heirs) orphan.release();
    for (const { orphan } of heirs) await untilRuntimesHaveEnded(orphan.bundle.path, signal);
    const { log, shims } = this.#parts;
    const address = await shims.startSuccessor(first.orphan.bundle, (sockets) => takeOver(sockets, heirs), signal);
    for (const { orphan } of heirs) {
      try {
        await orphan.bundle.writeAddress(address);
        followers.set(orphan, await this.#follower(orphan.bundle, signal));
      } catch (error) {
        const { id, namespace } = orphan.bundle;
        log.warn('container was not taken over from the shim that died', { id, namespace, error });
      }
    }
  }

  async #follower(bundle: Bundle, signal: AbortSignal): Promise<Follower> {
    const shim = await this.#parts.shims.attach(bundle, signal);
    try {
      const { taskPid: pid } = await shim.client.call('connect', { id: bundle.id }, signal);
      if (pid !== 0) return { shim, pid };
      throw new KindError('not-found', `container "${bundle.id}" in the shim that took over`);
    } catch (error) {
      shim[Symbol.dispose]();
      throw error;
    }
  }

  /** A successor that did not tell that it took over. */
  async #dismiss({ path, id }: Bundle): Promise<void> {
    using deadline = new Deadline(this.#parts.timeouts.cleanup, `end of the successor for "${id}"`);
    await killProcessesIn(path, id, false, deadline.signal);
  }
}

interface Heir {
  readonly orphan: Orphan;
  readonly record: SuccessorRecord;
}

/** What cannot be read does not make a successor impossible for the others. */
async function heirsOf(orphan: Orphan): Promise<Heir[]> {
  try {
    const record = await orphan.bundle.readSuccessorRecord();
    return record ? [{ orphan, record }] : [];
  } catch (error) {
    if (isSystemError(error)) return [];
    throw error;
  }
}

/** Makes sure that a process has ended. */
async function ended({ pid, start }: RecordedProcess, signal: AbortSignal): Promise<void> {
  const handle = openProcess(pid, start);
  if (!handle) return;
  try {
    handle.signal(sigkill);
  } catch (error) {
    if (!isSystemError(error, 'ESRCH')) throw error;
  }
  // The handle must stay until then.
  const exited = handle.exited().then(() => handle[Symbol.dispose]());
  await untilAborted(exited, signal);
}

function takeOver(
  socketDirectory: string,
  heirs: readonly Heir[],
): { readonly input: string; readonly fds: readonly InheritedFd[] } {
  const fds: InheritedFd[] = [];
  const inherited = (fd: number | undefined): number | undefined => {
    if (fd === undefined || fd < 0) return undefined;
    const child = firstFd + fds.length;
    fds.push({ child, fd });
    return child;
  };
  const containers = heirs.map(({ orphan: { bundle, processes, hasTold }, record }) => ({
    id: bundle.id,
    bundle: bundle.path,
    processes: record.processes.map(({ execId }) => ({
      exec: execId,
      pidfd: inherited(processes.handle(execId)?.fd),
      master: inherited(processes.terminal(execId)?.fd),
      told: hasTold(execId),
    })),
  }));
  return { input: JSON.stringify({ version: 1, socketDirectory, containers }), fds };
}
