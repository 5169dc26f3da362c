import type { Database, Writer } from './database.ts';

/** Numbers reserved at a time: a crash loses those that were not used. */
const batchSize = 64;

/**
 * Numbers of a named sequence that were reserved before, so that most callers wait for no write.
 *
 * Each number is given once, not even a crash gives it again; there may be gaps.
 */
export class SequencePool {
  readonly #database: Database;
  readonly #name: string;
  readonly #numbers: number[] = [];
  #reserving: Promise<void> | undefined;

  constructor(database: Database, name: string) {
    this.#database = database;
    this.#name = name;
  }

  async next(): Promise<number> {
    for (;;) {
      const number = this.#numbers.shift();
      if (number !== undefined) return number;
      this.#reserving ??= this.#reserve().finally(() => {
        this.#reserving = undefined;
      });
      await this.#reserving;
    }
  }

  async #reserve(): Promise<void> {
    const reserve = (tx: Writer): number[] => Array.from({ length: batchSize }, () => tx.nextSequence(this.#name));
    this.#numbers.push(...(await this.#database.update(reserve)));
  }
}
