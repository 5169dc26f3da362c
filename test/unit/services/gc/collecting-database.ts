import { join } from 'node:path';
import type { Database } from '../../../../pkg/database/database.ts';
import { openDatabase } from '../../../../pkg/database/open-database.ts';
import { schema } from '../../../../services/metadata/schema.ts';
import { TemporaryDirectory } from '../../../lab/temporary-directory.ts';
import { deleteRecord, hasRecord, putRecord, type GcRecord } from './gc-records.ts';

/** A database of its own whose records are given and asked for in short. */
export class CollectingDatabase implements AsyncDisposable {
  readonly database: Database;
  readonly #directory: TemporaryDirectory;
  /** Every record that was ever put. */
  readonly #known = new Map<string, GcRecord>();

  private constructor(directory: TemporaryDirectory, database: Database) {
    this.#directory = directory;
    this.database = database;
  }

  static async open(): Promise<CollectingDatabase> {
    const directory = new TemporaryDirectory();
    return new CollectingDatabase(
      directory,
      await openDatabase(join(directory.path, 'db'), { ...schema, sync: false }),
    );
  }

  async put(...records: readonly GcRecord[]): Promise<void> {
    await this.database.update((tx) => {
      for (const record of records) putRecord(tx, record);
    });
    for (const record of records) this.#known.set(nameOf(record), record);
  }

  async delete(...records: readonly GcRecord[]): Promise<void> {
    await this.database.update((tx) => {
      for (const record of records) deleteRecord(tx, record);
    });
  }

  /** What is there now, as it was last put. */
  records(): GcRecord[] {
    return [...this.#known.values()].filter((record) => hasRecord(this.database.read, record));
  }

  /** The names of what is there now: `<kind> <name>`. */
  names(): string[] {
    return this.records().map(({ kind, name }) => `${kind} ${name}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.database[Symbol.asyncDispose]();
    this.#directory[Symbol.dispose]();
  }
}

/** Tells records apart. */
export function nameOf({ kind, namespace, name, on }: GcRecord): string {
  return `${kind} ${namespace} ${name}${kind === 'entry' ? ` ${on ?? ''}` : ''}`;
}
