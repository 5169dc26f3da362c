import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { forEachLimited } from '../../pkg/concurrency/for-each-limited.ts';
import { removeTree } from '../../pkg/sys/remove-tree.ts';

/** Trees that a sweep removes at a time. */
const removalsAtOnce = 2;

/**
 * The directories of snapshots: `<root>/snapshots/<id>`.
 *
 * A directory is filled as `new-*`, renamed, and only then recorded; one that no record names is nobody's and goes with
 * the next sweep. So nothing else may be put there.
 */
export class SnapshotDirectories {
  readonly #snapshots: string;
  /** Names on their way to a record. */
  readonly #pending = new Set<string>();
  #sweeping: Promise<void> | undefined;
  #again: Promise<void> | undefined;

  private constructor(root: string) {
    this.#snapshots = join(root, 'snapshots');
  }

  /** Makes what is missing above the snapshots. */
  static async open(root: string): Promise<SnapshotDirectories> {
    const directories = new SnapshotDirectories(root);
    await mkdir(directories.#snapshots, { recursive: true, mode: 0o700 });
    return directories;
  }

  path(id: number): string {
    return join(this.#snapshots, String(id));
  }

  /**
   * Makes a snapshot's directory with `fill`, which gets its path, then its record with `record`; when either fails, nothing is left.
   */
  async create<T>(id: number, fill: (path: string) => Promise<void>, record: () => Promise<T>): Promise<T> {
    const temporary = `new-${randomBytes(8).toString('hex')}`;
    const name = String(id);
    // Before they are there, so that no sweep takes them for nobody's.
    this.#pending.add(temporary).add(name);
    try {
      try {
        await mkdir(join(this.#snapshots, temporary), { mode: 0o700 });
        await fill(join(this.#snapshots, temporary));
        await rename(join(this.#snapshots, temporary), this.path(id));
      } catch (error) {
        await removeTree(join(this.#snapshots, temporary));
        throw error;
      }
      try {
        return await record();
      } catch (error) {
        await removeTree(this.path(id));
        throw error;
      }
    } finally {
      this.#pending.delete(temporary);
      this.#pending.delete(name);
    }
  }

  /** Those of `ids` that have no directory. */
  async missing(ids: Iterable<number>): Promise<Set<number>> {
    const missing = new Set(ids);
    for (const name of await readdir(this.#snapshots)) missing.delete(Number(name));
    return missing;
  }

  /** Removes the directory of a snapshot whose record is gone. Idempotent. */
  async remove(id: number): Promise<void> {
    await removeTree(this.path(id));
  }

  /**
   * Removes every directory that no record names. One sweep at a time: who asks while one runs gets the next.
   * @param known the numbers of all records that are on disk from the call on
   * @throws what the first removal that failed threw, after the others were tried.
   */
  async sweep(known: () => Promise<ReadonlySet<number>>): Promise<void> {
    if (this.#sweeping) {
      this.#again ??= this.#sweeping
        .catch(() => undefined)
        .then(() => {
          this.#again = undefined;
          return this.sweep(known);
        });
      return await this.#again;
    }
    this.#sweeping = this.#sweep(known).finally(() => {
      this.#sweeping = undefined;
    });
    await this.#sweeping;
  }

  /** Resolves when no sweep runs. */
  async idle(): Promise<void> {
    while (this.#sweeping) await this.#sweeping.catch(() => undefined);
  }

  async #sweep(known: () => Promise<ReadonlySet<number>>): Promise<void> {
    const names = await readdir(this.#snapshots);
    // At this moment each name is recorded, on its way to a record, or nobody's for good.
    const doubtful = names.filter((name) => !this.#pending.has(name));
    const ids = await known();
    const left = doubtful.filter((name) => !(/^[1-9]\d*$/.test(name) && ids.has(Number(name))));
    await forEachLimited(left, removalsAtOnce, (name) => removeTree(join(this.#snapshots, name)));
  }
}
