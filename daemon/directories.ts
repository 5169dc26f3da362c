import { chmod, lstat, mkdir, open, opendir, rename } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { KindError } from '../pkg/errors/kind-error.ts';
import { FileLock } from '../pkg/sys/file-lock.ts';
import { syncDirectory } from '../pkg/sys/sync-directory.ts';
import { isSystemError } from '../pkg/sys/system-error.ts';

/** The file that says that a directory is ours. */
const marker = 'gantry.json';
const markerText = `${JSON.stringify({ daemon: 'gantry', layout: 1 })}\n`;

/** How many entries are looked at before a directory counts as another's; empty directories alone are nobody's. */
const maxEntries = 10_000;

/** The two directories of a daemon, held against another one until disposed or until the process ends. */
export class DaemonDirectories implements Disposable {
  readonly #locks: readonly FileLock[];

  private constructor(locks: readonly FileLock[]) {
    this.#locks = locks;
  }

  /**
   * Makes sure that both directories are ours, makes them (0700 and 0711) if need be, marks and locks them. Needs root, as they belong to it.
   *
   * Both are looked at before either is touched: one that holds another daemon's data is refused as it is.
   *
   * @throws KindError `failed-precondition`, naming the file that gave another daemon away, or the directory that
   * another Gantry holds, and the way out.
   */
  static async take(root: string, state: string): Promise<DaemonDirectories> {
    const found = { root: await inspect('root', root), state: await inspect('state', state) };
    const locks: FileLock[] = [];
    try {
      await prepare(root, 0o700, found.root);
      locks.push(lock('root', root));
      await prepare(state, 0o711, found.state);
      locks.push(lock('state', state));
    } catch (error) {
      for (const held of locks) held[Symbol.dispose]();
      throw error;
    }
    return new DaemonDirectories(locks);
  }

  /** Idempotent. */
  [Symbol.dispose](): void {
    for (const held of this.#locks) held[Symbol.dispose]();
  }
}

type Found = 'missing' | 'unmarked' | 'ours';

async function inspect(what: 'root' | 'state', path: string): Promise<Found> {
  const entries = await list(path);
  if (entries === undefined) return 'missing';
  if (entries.some((entry) => entry.name === marker)) return 'ours';
  const suspects = entries.filter((entry) => entry.name.startsWith('io.containerd.'));
  const foreign = await firstData(suspects.map((entry) => join(path, entry.name)));
  if (foreign === undefined) return 'unmarked';
  throw new KindError(
    'failed-precondition',
    `${what} "${path}" holds the data of another daemon (${relative(path, foreign)}), which stays untouched; ` +
      `set another ${what} (and another ${what === 'root' ? 'state' : 'root'}) in the configuration or by --${what}`,
  );
}

/** The first thing below some directories that is no directory, those near the top first. */
async function firstData(paths: readonly string[]): Promise<string | undefined> {
  const pending = [...paths];
  let looked = 0;
  for (let path = pending.shift(); path !== undefined; path = pending.shift()) {
    const stat = await lstat(path);
    if (!stat.isDirectory()) return path;
    for (const entry of (await list(path)) ?? []) {
      const inner = join(path, entry.name);
      if (!entry.isDirectory() || ++looked > maxEntries) return inner;
      pending.push(inner);
    }
  }
  return undefined;
}

async function list(path: string) {
  try {
    const entries = [];
    for await (const entry of await opendir(path)) {
      entries.push(entry);
      if (entries.length > maxEntries) break;
    }
    return entries;
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined;
    throw error;
  }
}

async function prepare(path: string, mode: number, found: Found): Promise<void> {
  if (found === 'ours') return;
  if (found === 'missing') {
    await mkdir(dirname(path), { recursive: true, mode: 0o755 });
    await mkdir(path, { mode });
  }
  await chmod(path, mode);
  // Whole or not at all: a marker is what later starts trust.
  const temporary = join(path, `.${marker}.new`);
  await using file = await open(temporary, 'w', 0o600);
  await file.writeFile(markerText);
  await file.sync();
  await rename(temporary, join(path, marker));
  await syncDirectory(path);
}

function lock(what: 'root' | 'state', path: string): FileLock {
  const held = FileLock.tryLock(join(path, marker));
  if (held) return held;
  throw new KindError(
    'failed-precondition',
    `${what} "${path}" is in use by another Gantry; stop it, or set another ${what} in the configuration`,
  );
}
