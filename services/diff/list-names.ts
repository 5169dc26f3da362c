import { readdirSync } from 'node:fs';

/** The names in an open directory, as byte strings in no order; sorting them sorts their bytes. Synchronous. */
export function listNames(fd: number): string[] {
  return readdirSync(`/proc/self/fd/${fd}`, { encoding: 'latin1' });
}
