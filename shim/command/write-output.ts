import { host } from '../host/host.ts';

const stdout = 1;

/** Prints bytes as they are. What is printed is short: a pipe takes it at once. */
export function writeOutput(bytes: Uint8Array): void {
  for (let rest = bytes; rest.length > 0;) {
    const taken = host.write(stdout, rest);
    if (taken === 0) throw new Error('standard output takes no more');
    rest = rest.subarray(taken);
  }
}
