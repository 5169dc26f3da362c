import { join } from 'node:path';
import type { Scope } from '../../../../pkg/scope/scope.ts';
import type {
  ContentInfo,
  ContentReader,
  ContentStore,
  ContentWriter,
  IngestOptions,
  IngestStatus,
} from '../../../../services/content/content-store.ts';
import { LocalContentStore } from '../../../../services/content/local/local-content-store.ts';

/** The content store on disk, with labels in memory. */
export class RecordingContent implements ContentStore {
  /** By digest. */
  readonly labels = new Map<string, ReadonlyMap<string, string>>();
  /** Called before each write. */
  onWrite: (() => Promise<void> | void) | undefined;
  readonly #store: LocalContentStore;
  readonly #root: string;

  private constructor(store: LocalContentStore, root: string) {
    this.#store = store;
    this.#root = root;
  }

  static async open(root: string): Promise<RecordingContent> {
    return new RecordingContent(await LocalContentStore.open(root), root);
  }

  path(digest: string): string {
    return join(this.#root, 'blobs', ...digest.split(':'));
  }

  async info(scope: Scope, digest: string): Promise<ContentInfo> {
    return { ...(await this.#store.info(scope, digest)), labels: this.labels.get(digest) ?? new Map() };
  }

  async update(scope: Scope, { digest, labels }: Pick<ContentInfo, 'digest' | 'labels'>): Promise<ContentInfo> {
    this.labels.set(digest, new Map([...(this.labels.get(digest) ?? []), ...labels]));
    return await this.info(scope, digest);
  }

  list(scope: Scope, filters: readonly string[]): AsyncIterable<ContentInfo> {
    return this.#store.list(scope, filters);
  }

  delete(scope: Scope, digest: string): Promise<void> {
    return this.#store.delete(scope, digest);
  }

  reader(scope: Scope, digest: string): Promise<ContentReader> {
    return this.#store.reader(scope, digest);
  }

  status(scope: Scope, ref: string): Promise<IngestStatus> {
    return this.#store.status(scope, ref);
  }

  listStatuses(scope: Scope, filters: readonly string[]): Promise<readonly IngestStatus[]> {
    return this.#store.listStatuses(scope, filters);
  }

  abort(scope: Scope, ref: string): Promise<void> {
    return this.#store.abort(scope, ref);
  }

  async writer(scope: Scope, options: IngestOptions): Promise<ContentWriter> {
    const writer = await this.#store.writer(scope, options);
    return {
      status: () => writer.status(),
      digest: () => writer.digest(),
      write: async (data) => {
        await this.onWrite?.();
        await writer.write(data);
      },
      truncate: () => writer.truncate(),
      commit: async (size, expected, labels) => {
        await writer.commit(size, expected);
        this.labels.set(writer.digest(), labels ?? new Map());
      },
      [Symbol.asyncDispose]: () => writer[Symbol.asyncDispose](),
    };
  }
}
