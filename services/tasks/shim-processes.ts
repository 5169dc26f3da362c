import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { ProcessHandle } from '../../pkg/sys/process-handle.ts';
import { isSystemError } from '../../pkg/sys/system-error.ts';
import { untilAborted } from './until-aborted.ts';

const sigkill = 9;

/**
 * Kills the processes that work in a bundle's directory, for a shim that cannot be talked to: its `start` command, the
 * shim, and with `everything` what it runs there (runc, loggers). Resolves when they have ended, or with the signal.
 */
export async function killProcessesIn(
  bundlePath: string,
  id: string,
  everything: boolean,
  signal: AbortSignal,
): Promise<void> {
  const found = await processesIn(bundlePath);
  const wanted = found.filter(({ args }) => everything || isShimOf(args, id));
  for (const { handle } of wanted) quietly(() => handle.signal(sigkill));
  await allEnded(found, wanted, signal);
}

/**
 * Kills a shim that works on in a bundle which has been removed, by the name that it had at last (proc(5) marks it as deleted).
 * Resolves when it has ended, or with the signal.
 */
export async function killShimIn(removedAs: string, id: string, signal: AbortSignal): Promise<void> {
  const found = await processesIn(removedAs, true);
  const wanted = found.filter(({ args }) => isShimOf(args, id));
  for (const { handle } of wanted) quietly(() => handle.signal(sigkill));
  await allEnded(found, wanted, signal);
}

/**
 * Resolves when the programs that a shim runs for a bundle have ended: runc, mostly. What those started, the container
 * itself, is not waited for. Rejects with the signal's reason.
 */
export async function untilShimIsIdle(bundlePath: string, shimPid: number, signal: AbortSignal): Promise<void> {
  const found = await processesIn(bundlePath);
  const children = found.filter(({ parent }) => parent === shimPid);
  await allEnded(found, children, signal);
}

/**
 * Resolves when the runtimes have ended that a shim which died had started for a bundle: what they do to the container is not to fall between two
 * shims. They are known by the log that they were told to write. Rejects with the signal's reason.
 */
export async function untilRuntimesHaveEnded(bundlePath: string, signal: AbortSignal): Promise<void> {
  const found = await processesIn(bundlePath);
  const runtimes = found.filter(({ args }) => args.includes(`${bundlePath}/log.json`));
  await allEnded(found, runtimes, signal);
}

interface FoundProcess {
  readonly handle: ProcessHandle;
  readonly args: readonly string[];
  /** The pid of its parent. */
  readonly parent: number;
}

/**
 * The processes that work in a bundle. They are known by their working directory, compared as the inode that it is: a container may
 * show any path and any arguments, but cannot stand in a directory of ours.
 */
async function processesIn(bundlePath: string, removed = false): Promise<FoundProcess[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(pids.map((pid) => processIfIn(pid, bundlePath, removed)));
  return found.filter((process) => process !== undefined);
}

async function processIfIn(pid: number, bundlePath: string, removed: boolean): Promise<FoundProcess | undefined> {
  if (pid === process.pid) return undefined;
  let handle: ProcessHandle | undefined;
  try {
    // The link's text first: it costs no look at a filesystem that may be dead.
    if ((await readlink(`/proc/${pid}/cwd`)) !== (removed ? `${bundlePath} (deleted)` : bundlePath)) return undefined;
    handle = new ProcessHandle(pid);
    if (removed || (await isCwdOf(pid, bundlePath))) {
      const [args, status] = await Promise.all(
        ['cmdline', 'stat'].map((name) => readFile(`/proc/${pid}/${name}`, 'utf8')),
      );
      return { handle, args: args?.split('\0') ?? [], parent: parentOf(status ?? '') };
    }
  } catch (error) {
    if (!isSystemError(error)) throw error;
  }
  handle?.[Symbol.dispose]();
  return undefined;
}

async function isCwdOf(pid: number, path: string): Promise<boolean> {
  const [cwd, directory] = await Promise.all([stat(`/proc/${pid}/cwd`), stat(path)]);
  return cwd.dev === directory.dev && cwd.ino === directory.ino;
}

/** proc(5): pid, (name), state, parent; the name may hold anything. */
function parentOf(status: string): number {
  return Number(status.slice(status.lastIndexOf(')') + 2).split(' ')[1]);
}

function isShimOf(args: readonly string[], id: string): boolean {
  const at = args.indexOf('-id');
  return at >= 0 && args[at + 1] === id;
}

/** Waits for some of the processes and lets go of all: of those that are waited for only when they have ended. */
async function allEnded(
  found: readonly FoundProcess[],
  wanted: readonly FoundProcess[],
  signal: AbortSignal,
): Promise<void> {
  for (const process of found) if (!wanted.includes(process)) process.handle[Symbol.dispose]();
  const ended = wanted.map(({ handle }) => handle.exited().then(() => handle[Symbol.dispose]()));
  await untilAborted(Promise.all(ended), signal);
}

function quietly(work: () => void): void {
  try {
    work();
  } catch (error) {
    // ESRCH: it has ended meanwhile.
    if (!isSystemError(error)) throw error;
  }
}
