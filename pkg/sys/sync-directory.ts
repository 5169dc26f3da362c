import { native } from './native.ts';

/** Makes the entries of a directory durable, names that were renamed or removed among them (fsync), off the loop. */
export async function syncDirectory(path: string): Promise<void> {
  await native.sync(path, 1, true);
}
