import { native } from './native.ts';

/** Writes everything unwritten of the filesystem that holds `path` to its device (syncfs), off the loop. */
export async function syncFilesystem(path: string): Promise<void> {
  await native.sync(path, 0, true);
}
