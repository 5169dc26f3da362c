import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import { KindError } from '../../pkg/errors/kind-error.ts';

async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}

/**
 * The file of a program: a path as it is, a bare name by the directories of `path` (as PATH has them).
 * @throws KindError `unknown`, as with containerd, when it is not there.
 */
export async function findProgram(program: string, path: string): Promise<string> {
  const directories = path.split(':').filter((directory) => isAbsolute(directory));
  const candidates = program.includes('/') ? [resolve(program)] : directories.map((each) => join(each, program));
  for (const candidate of candidates) if (await isExecutable(candidate)) return candidate;
  throw new KindError('unknown', `exec: "${program}": executable file not found in $PATH`);
}
