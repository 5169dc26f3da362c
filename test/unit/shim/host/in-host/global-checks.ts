import { Empty } from '../../../../../api/gen/google/protobuf/empty.ts';
import { Any } from '../../../../../api/gen/google/protobuf/any.ts';
import { KindError } from '../../../../../pkg/errors/kind-error.ts';
import { type Check, equal } from './checks.ts';

/** Notes when it is disposed of. */
class Noted implements Disposable, AsyncDisposable {
  readonly #notes: string[];
  readonly #name: string;

  constructor(notes: string[], name: string) {
    this.#notes = notes;
    this.#name = name;
    notes.push(`${name} made`);
  }

  [Symbol.dispose](): void {
    this.#notes.push(`${this.#name} disposed`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.resolve();
    this.#notes.push(`${this.#name} disposed later`);
  }
}

export const globalChecks: readonly Check[] = [
  {
    name: 'resources are disposed of in reverse order',
    run: async () => {
      const notes: string[] = [];
      {
        using one = new Noted(notes, 'one');
        await using two = new Noted(notes, 'two');
        notes.push(one === (two as unknown) ? 'same' : 'used');
      }
      equal(notes, ['one made', 'two made', 'used', 'two disposed later', 'one disposed']);
    },
  },
  {
    name: 'a signal tells its listeners once, and keeps the first reason',
    run: () => {
      const controller = new AbortController();
      const { signal } = controller;
      let told = 0;
      const listener = (): void => void told++;
      signal.addEventListener('abort', listener, { once: true });
      signal.addEventListener('abort', listener);
      const other = (): void => void (told += 100);
      signal.addEventListener('abort', other);
      signal.removeEventListener('abort', other);
      signal.throwIfAborted();
      controller.abort(new Error('first'));
      controller.abort(new Error('second'));
      equal([told, signal.aborted, String(signal.reason)], [1, true, 'Error: first']);
      let thrown: unknown;
      try {
        signal.throwIfAborted();
      } catch (error) {
        thrown = error;
      }
      equal(thrown === signal.reason, true);
    },
  },
  {
    name: 'generated messages and typed errors work as on Node',
    run: () => {
      const any = { typeUrl: 'a/ä🐋', value: new Uint8Array([1, 2, 3]) };
      equal(Any.decode(Any.encode(any).finish()), any);
      equal(Empty.decode(new Uint8Array()), {});
      const error = new KindError('not-found', 'it', { cause: new Error('why') });
      equal([error.kind, error instanceof Error], ['not-found', true]);
    },
  },
  {
    name: 'too deep a recursion is an exception like others',
    run: () => {
      const deep = (level: number): number => 1 + deep(level + 1);
      let name = '';
      try {
        deep(0);
      } catch (error) {
        name = error instanceof Error ? error.message : '';
      }
      equal(name.includes('stack'), true);
    },
  },
];
