import { readFileSync, watch } from 'node:fs';
import { dirname } from 'node:path';
import { isSystemError } from '../../pkg/sys/system-error.ts';

/** Waits until a file, in a directory that is there, has such content. Resolves with the content. */
export async function fileMatches(path: string, pattern: RegExp): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const look = (): void => {
    try {
      const text = readFileSync(path, 'utf8');
      if (pattern.test(text)) resolve(text);
    } catch (error) {
      if (!isSystemError(error, 'ENOENT')) reject(error);
    }
  };
  const watcher = watch(dirname(path), look);
  look();
  try {
    return await promise;
  } finally {
    watcher.close();
  }
}
