import { once } from 'node:events';
import { existsSync, type FSWatcher, watch } from 'node:fs';
import { dirname } from 'node:path';

/** Waits until nothing is at a path. */
export async function pathGone(path: string): Promise<void> {
  using watcher = watched(dirname(path));
  while (watcher && existsSync(path)) await once(watcher, 'change');
}

/** Undefined where there is no directory, and so nothing in it. */
function watched(directory: string): (FSWatcher & Disposable) | undefined {
  try {
    const watcher = watch(directory);
    return Object.assign(watcher, { [Symbol.dispose]: () => watcher.close() });
  } catch (error) {
    if (existsSync(directory)) throw error;
    return undefined;
  }
}
