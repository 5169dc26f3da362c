import { setImmediate } from 'node:timers/promises';
import { KindError } from '../errors/kind-error.ts';
import { ChangeSet } from './change-set.ts';
import type { DatabaseOptions } from './database-options.ts';
import type { Database, Reader, RecordChange, Writer } from './database.ts';
import { loadRecords, tablesByName } from './load-records.ts';
import { openLevel, type Level } from './open-level.ts';
import { encodeRecordKey } from './record-key.ts';
import { RecordStore } from './record-store.ts';
import type { Table } from './table.ts';
import { Transaction } from './transaction.ts';
import { verifyLevelFiles } from './verify-level-files.ts';

/** A queued function: `run` says how its promise is to be settled once the batch is on disk. */
interface Job {
  run(tx: Transaction): { readonly keep: boolean; readonly settle: () => void };
  reject(reason: unknown): void;
}

// Bounds of one batch: what is left over goes into the next, so that the loop is not held for long.
const maxJobs = 512;
const maxBytes = 1024 * 1024;
const maxMilliseconds = 4;

/** {@link Database} on LevelDB. */
export class LevelDatabase implements Database {
  readonly #directory: string;
  readonly #options: DatabaseOptions;
  readonly #tables: ReadonlyMap<string, Table<unknown>>;
  readonly #records: RecordStore;
  readonly #queue: Job[] = [];
  readonly #observers = new Set<(changes: readonly RecordChange[]) => void>();
  #level: Level | undefined;
  #committing: Promise<void> | undefined;
  #closed = false;

  private constructor(directory: string, options: DatabaseOptions) {
    this.#directory = directory;
    this.#options = options;
    this.#tables = tablesByName(options);
    this.#records = new RecordStore(this.#tables);
  }

  /** Opens or makes the database; see {@link openDatabase}. */
  static async open(directory: string, options: DatabaseOptions): Promise<LevelDatabase> {
    const database = new LevelDatabase(directory, options);
    await database.#open();
    return database;
  }

  get read(): Reader {
    return this.#records;
  }

  update<T>(fn: (tx: Writer) => T): Promise<T> {
    if (this.#closed) return Promise.reject(new KindError('unavailable', `database "${this.#directory}" is closed`));
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const run = (tx: Transaction) => {
      try {
        const result = fn(tx);
        if (result instanceof Promise) throw new TypeError('the function of a transaction must be synchronous');
        return { keep: true, settle: () => resolve(result) };
      } catch (error) {
        return { keep: false, settle: () => reject(error) };
      } finally {
        tx.end();
      }
    };
    this.#queue.push({ run, reject });
    this.#committing ??= this.#commitAll();
    return promise;
  }

  observe(observer: (changes: readonly RecordChange[]) => void): Disposable {
    this.#observers.add(observer);
    return { [Symbol.dispose]: () => void this.#observers.delete(observer) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await this.#committing;
    await this.#level?.close();
    this.#level = undefined;
  }

  /** Empties the queue, batch by batch. Never rejects. */
  async #commitAll(): Promise<void> {
    // Whoever asks in the same turn of the loop shares the first batch.
    await setImmediate();
    while (this.#queue.length > 0) await this.#commitSome();
    this.#committing = undefined;
  }

  async #commitSome(): Promise<void> {
    const jobs: Job[] = [];
    try {
      if (this.#level === undefined) await this.#open();
      const batch = new ChangeSet();
      const settles = this.#runJobs(batch, jobs);
      if (batch.size > 0) await this.#write(batch);
      else await setImmediate();
      for (const settle of settles) settle();
    } catch (error) {
      if (jobs.length === 0) jobs.push(...this.#queue.splice(0));
      await this.#reopen(error);
      // Also those whose function threw: what they saw of the others' writes is not so.
      for (const job of jobs) job.reject(error);
    }
  }

  /** Runs queued functions until the batch is full; `jobs` gets those that ran. */
  #runJobs(batch: ChangeSet, jobs: Job[]): (() => void)[] {
    const settles: (() => void)[] = [];
    const end = performance.now() + maxMilliseconds;
    let taken = 0;
    for (const job of this.#queue) {
      if (taken > 0 && (taken >= maxJobs || batch.bytes >= maxBytes || performance.now() > end)) break;
      taken++;
      jobs.push(job);
      const tx = new Transaction(this.#records, batch, this.#tables);
      const { keep, settle } = job.run(tx);
      if (keep) this.#keep(tx.changes, batch);
      settles.push(settle);
    }
    this.#queue.splice(0, taken);
    return settles;
  }

  #keep(changes: ChangeSet, batch: ChangeSet): void {
    batch.merge(changes);
    if (changes.size === 0 || this.#observers.size === 0) return;
    const told = [...changes.entries()].map(([table, group, key, change]) => ({
      ...{ table, group, key },
      value: change?.value,
    }));
    for (const observer of this.#observers) observer(told);
  }

  async #write(batch: ChangeSet): Promise<void> {
    const operations = [...batch.entries()].map(([table, group, key, change]) => {
      const place = encodeRecordKey({ table, group, key });
      return change === undefined
        ? ({ type: 'del', key: place } as const)
        : ({ type: 'put', key: place, value: change.bytes } as const);
    });
    try {
      await this.#level?.batch(operations, { sync: this.#options.sync ?? true });
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      const kind = reason.includes('No space left') ? 'resource-exhausted' : 'internal';
      throw new KindError(kind, `write to database "${this.#directory}" (${reason})`, { cause });
    }
    for (const [table, group, key, change] of batch.entries()) {
      if (change === undefined) this.#records.delete(table, group, key);
      else this.#records.set(table, group, key, change.value);
    }
  }

  async #open(): Promise<void> {
    await verifyLevelFiles(this.#directory);
    const level = await openLevel(this.#directory);
    try {
      this.#records.replaceWith(await loadRecords(level, this.#options));
    } catch (error) {
      await level.close();
      throw error;
    }
    this.#level = level;
  }

  /** LevelDB takes no more writes after a failed one until it is opened again; when that fails, too, the next batch tries. */
  async #reopen(error: unknown): Promise<void> {
    this.#options.log?.error('database write failed, opening it again', { path: this.#directory, error });
    const level = this.#level;
    this.#level = undefined;
    try {
      await level?.close();
      if (level !== undefined) await this.#open();
    } catch (again) {
      this.#options.log?.error('database cannot be opened again', { path: this.#directory, error: again });
    }
  }
}
