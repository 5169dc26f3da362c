import { readFileSync, readdirSync } from 'node:fs';
import type { KernelFiles } from '../../../../shim/cgroups/kernel-files.ts';

/** The files of the machine, read by Node in the shim's host's place. */
export const nodeKernelFiles: KernelFiles = {
  read: (path) => orMissing(() => readFileSync(path, 'utf8'), null),
  list: (path) => orMissing(() => readdirSync(path), []),
};

function orMissing<T, M>(read: () => T, missing: M): T | M {
  try {
    return read();
  } catch {
    return missing;
  }
}
