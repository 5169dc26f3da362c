import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** What the descriptors of a process are, by number. */
export function descriptorsOf(pid: number): Map<string, string> {
  const directory = `/proc/${pid}/fd`;
  const found = new Map<string, string>();
  for (const fd of readdirSync(directory)) {
    try {
      found.set(fd, readlinkSync(`${directory}/${fd}`));
    } catch {
      // Closed meanwhile.
    }
  }
  return found;
}

/** What kinds of descriptors a process has, and how many of each: pipes and sockets by that word. */
export function descriptorKinds(pid: number): string[] {
  return [...descriptorsOf(pid).values()].map((target) => target.replace(/:\[\d+\]$/, '')).sort();
}

/** Of which kinds a process has more descriptors than it had, one line each. */
export function grownKinds(pid: number, before: readonly string[]): string[] {
  const now = descriptorKinds(pid);
  const count = (kinds: readonly string[], kind: string): number => kinds.filter((each) => each === kind).length;
  return [...new Set(now)]
    .filter((kind) => count(now, kind) > count(before, kind))
    .map((kind) => `${count(now, kind)} × ${kind}, not ${count(before, kind)}`);
}

/** How long something that is over may take to be closed, in milliseconds. */
const patience = 60_000;

/** As {@link grownKinds}, once what is over has been closed, which may come after the answer that it is over. `ask` is any question to the process. */
export async function keptKinds(
  pid: number,
  before: readonly string[],
  ask: () => Promise<unknown>,
  counts: (kind: string) => boolean = () => true,
): Promise<string[]> {
  const late = AbortSignal.timeout(patience);
  for (;;) {
    const grown = grownKinds(pid, before).filter(counts);
    if (grown.length === 0 || late.aborted) return grown;
    await ask();
  }
}

/** Whether a process runs still: one that has ended and was not reaped does not. */
export function runs(pid: number): boolean {
  try {
    return !/^[ZX]/.test(readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/.*\) /, ''));
  } catch {
    return false;
  }
}

/** The children of a process, with their states; `Z` is one that nobody has reaped. */
export function childrenOf(pid: number): { readonly pid: number; readonly state: string }[] {
  const found = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const [state = '', parent] = readFileSync(`/proc/${name}/stat`, 'utf8').replace(/.*\) /, '').split(' ');
      if (Number(parent) === pid) found.push({ pid: Number(name), state });
    } catch {
      // It ended meanwhile.
    }
  }
  return found;
}
