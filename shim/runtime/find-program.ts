import { KindError } from '../../pkg/errors/kind-error.ts';
import { isSystemError } from '../../pkg/sys/system-error.ts';
import { host } from '../host/host.ts';

const usualPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const found = new Map<string, string>();

/**
 * The path of a program that is given by path, or by name to look for in PATH.
 * @throws KindError with Go's words when there is none of that name.
 */
export function findProgram(file: string): string {
  if (file.includes('/')) return file;
  const known = found.get(file);
  if (known !== undefined && isThere(known)) return known;
  for (const directory of searchPath()) {
    const path = `${directory}/${file}`;
    if (!isThere(path)) continue;
    found.set(file, path);
    return path;
  }
  throw new KindError('unknown', `exec: ${JSON.stringify(file)}: executable file not found in $PATH`);
}

function searchPath(): readonly string[] {
  const path = host.environment.find((setting) => setting.startsWith('PATH='))?.slice('PATH='.length);
  return (path ?? usualPath).split(':').filter((directory) => directory.startsWith('/'));
}

function isThere(path: string): boolean {
  try {
    // Of a directory or a link to nowhere the start itself tells.
    return (host.status(path).mode & 0o170000) !== 0o040000;
  } catch (error) {
    if (isSystemError(error)) return false;
    throw error;
  }
}
