import { parseDigest } from '../../pkg/digest/parse-digest.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import { kindOf } from '../../pkg/errors/kind-of.ts';
import type { Scope } from '../../pkg/scope/scope.ts';
import type { ContentStore, ContentWriter } from './content-store.ts';

/** One step of a writing client. */
export interface WriteStep {
  readonly action: 'stat' | 'write' | 'commit';
  /** Counts in the first step only. */
  readonly ref: string;
  /** Bytes that there will be; 0 when the client does not say. */
  readonly total: number;
  /** The digest that there will be; empty when the client does not say. */
  readonly expected: string;
  /** Where `data` belongs: what is there already, or 0 to begin anew. */
  readonly offset: number;
  readonly data: Uint8Array;
  readonly labels: ReadonlyMap<string, string>;
}

/** What a step is answered with. */
export interface WriteOutcome {
  readonly offset: number;
  readonly digest: string;
  readonly total: number;
  /** Nanoseconds since 1970. */
  readonly startedAt: bigint;
  readonly updatedAt: bigint;
}

/**
 * A client's way through one ingest, step by step, as the Write call has it.
 *
 * `total` and `expected` of a later step replace those before. A step whose `expected` the namespace has throws the ingest away. A
 * `write` or `commit` at offset 0 begins anew; at any other offset than the current one it is refused. Whatever
 * ends the session other than a commit leaves the ingest to be resumed.
 *
 * Errors: those of the store; `invalid-argument` for a first step without a ref and for negative numbers;
 * `out-of-range` for a wrong offset; `already-exists`, see above.
 */
export class WriteSession implements AsyncDisposable {
  readonly #store: ContentStore;
  readonly #scope: Scope;
  readonly #ref: string;
  #writer: ContentWriter;
  #total: number;
  #expected: string;

  private constructor(store: ContentStore, scope: Scope, first: WriteStep, writer: ContentWriter) {
    this.#store = store;
    this.#scope = scope;
    this.#ref = first.ref;
    this.#total = first.total;
    this.#expected = first.expected;
    this.#writer = writer;
  }

  /** Opens the ingest that the first step names; that step is then taken like the others. */
  static async open(store: ContentStore, scope: Scope, first: WriteStep): Promise<WriteSession> {
    if (first.ref === '') throw new KindError('invalid-argument', 'first message must have a reference');
    checkNumbers(first);
    const { ref, total, expected } = first;
    return new WriteSession(store, scope, first, await store.writer(scope, { ref, total, expected }));
  }

  async take(step: WriteStep): Promise<WriteOutcome> {
    checkNumbers(step);
    if (step.expected !== '') {
      parseDigest(step.expected);
      this.#expected = step.expected;
      await this.#refuseExisting(step.expected);
    }
    if (step.total > 0) this.#total = step.total;
    if (step.action !== 'stat') await this.#write(step);
    // As it was before a commit, which leaves no ingest.
    const { offset, startedAt, updatedAt } = this.#writer.status();
    if (step.action === 'commit') await this.#writer.commit(this.#total, this.#expected, step.labels);
    return { offset, digest: this.#writer.digest(), total: this.#total, startedAt, updatedAt };
  }

  async #write(step: WriteStep): Promise<void> {
    const { offset } = this.#writer.status();
    if (step.offset > 0 && step.offset !== offset) {
      throw new KindError('out-of-range', `write @${step.offset} must occur at current offset ${offset}`);
    }
    if (step.offset === 0 && offset > 0) await this.#writer.truncate();
    if (step.data.length > 0) await this.#writer.write(step.data);
  }

  /** Idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer[Symbol.asyncDispose]();
  }

  async #refuseExisting(expected: string): Promise<void> {
    try {
      await this.#store.info(this.#scope, expected);
    } catch (error) {
      if (kindOf(error) === 'not-found') return;
      throw error;
    }
    await this.#writer[Symbol.asyncDispose]();
    try {
      // Opening anew is what adds the blob to the caller's lease; it succeeds only if the blob has just been deleted.
      this.#writer = await this.#store.writer(this.#scope, { ref: this.#ref, total: this.#total, expected });
    } catch (error) {
      if (kindOf(error) !== 'already-exists') throw error;
      await this.#store.abort(this.#scope, this.#ref).catch((aborting: unknown) => {
        if (kindOf(aborting) !== 'not-found') throw aborting;
      });
      throw new KindError('already-exists', `blob with expected digest ${expected} exists`, { cause: error });
    }
  }
}

function checkNumbers({ total, offset }: WriteStep): void {
  if (total >= 0 && offset >= 0 && Number.isSafeInteger(total) && Number.isSafeInteger(offset)) return;
  throw new KindError('invalid-argument', `total ${total} and offset ${offset} must not be negative`);
}
