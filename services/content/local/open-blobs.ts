import { open, type FileHandle } from 'node:fs/promises';
import { ReadAhead } from './read-ahead.ts';

/** How long a file that nobody reads stays open, in milliseconds. */
const idleTime = 2000;

/** A blob's open file, shared by those who read it. */
export class OpenBlob {
  readonly file: string;
  readonly handle: FileHandle;
  /** Bytes. */
  readonly size: number;
  users = 0;
  idle: NodeJS.Timeout | undefined;

  constructor(file: string, handle: FileHandle, size: number) {
    this.file = file;
    this.handle = handle;
    this.size = size;
  }
}

/**
 * The open files of blobs.
 *
 * Go clients read a blob in pieces of 32 KiB, each by a call of its own: opening the file anew for each costs more than
 * reading it. So a file stays open for a little while after its last reader. `acquire` and `release` come in pairs; `forget` is for a
 * blob that was deleted: who reads it reads on, and its space is free as soon as nobody does.
 */
export class OpenBlobs {
  readonly ahead = new ReadAhead();
  readonly #blobs = new Map<string, Promise<OpenBlob>>();

  /** Fails as open(2) does. */
  async acquire(file: string): Promise<OpenBlob> {
    let opening = this.#blobs.get(file);
    if (opening === undefined) {
      opening = openBlob(file);
      this.#blobs.set(file, opening);
      opening.catch(() => this.#blobs.delete(file));
    }
    const blob = await opening;
    blob.users++;
    clearTimeout(blob.idle);
    // It may have been closed as idle, or forgotten, between the call and now: no reader gets a closed file.
    if (this.#blobs.get(file) === opening) return blob;
    blob.users--;
    if (blob.users === 0) await this.#close(blob);
    return await this.acquire(file);
  }

  async release(blob: OpenBlob): Promise<void> {
    if (--blob.users > 0) return;
    const kept = await this.#blobs.get(blob.file)?.catch(() => undefined);
    if (blob.users > 0) return;
    if (kept !== blob) return await this.#close(blob);
    clearTimeout(blob.idle);
    blob.idle = setTimeout(() => void this.forget(blob.file), idleTime).unref();
  }

  async forget(file: string): Promise<void> {
    const opening = this.#blobs.get(file);
    this.#blobs.delete(file);
    const blob = await opening?.catch(() => undefined);
    if (blob === undefined || blob.users > 0) return;
    clearTimeout(blob.idle);
    await this.#close(blob);
  }

  async #close(blob: OpenBlob): Promise<void> {
    this.ahead.forget(blob);
    await blob.handle.close();
  }
}

async function openBlob(file: string): Promise<OpenBlob> {
  const handle = await open(file, 'r');
  try {
    return new OpenBlob(file, handle, (await handle.stat()).size);
  } catch (error) {
    await handle.close();
    throw error;
  }
}
