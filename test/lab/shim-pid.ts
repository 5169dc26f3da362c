import { readdirSync, readFileSync } from 'node:fs';

/** The process that serves a container for the daemon at an address, by its command line. @throws Error when there is none. */
export function shimPid(id: string, address: string): number {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const found = pids.find((pid) => {
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      return line[line.indexOf('-id') + 1] === id && line.includes(address) && line[0]?.includes('containerd-shim');
    } catch {
      return false;
    }
  });
  if (found === undefined) throw new Error(`no shim of ${id}`);
  return Number(found);
}
