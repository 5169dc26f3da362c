import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ContentReader } from './content-store.ts';
import { readRange } from './read-range.ts';

/** A copy in a file of a blob whose store keeps none, for workers and programs that read files; disposing removes it. */
export class SpooledBlob implements AsyncDisposable {
  readonly path: string;
  readonly #directory: string;

  private constructor(directory: string) {
    this.#directory = directory;
    this.path = join(directory, 'blob');
  }

  /** Copies the blob. @param signal ends it, with its reason */
  static async copy(blob: ContentReader, signal?: AbortSignal): Promise<SpooledBlob> {
    const spooled = new SpooledBlob(await mkdtemp(join(tmpdir(), 'gantry-blob-')));
    try {
      await using file = await open(spooled.path, 'wx', 0o600);
      for await (const chunk of readRange(blob, 0, 0)) {
        signal?.throwIfAborted();
        await file.writeFile(chunk);
      }
      return spooled;
    } catch (error) {
      await spooled[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true });
  }
}
