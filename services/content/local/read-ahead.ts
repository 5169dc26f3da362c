import type { FileHandle } from 'node:fs/promises';

/** Read at once where small pieces of a file are asked for one after the other, in bytes. */
const aheadSize = 256 << 10;
/** How many files' bytes are held at most. */
const mostHeld = 32;

/** A file that is read in pieces. */
export interface ReadFile {
  readonly handle: FileHandle;
  /** Bytes. */
  readonly size: number;
}

interface Progress {
  /** Where the last piece ended. */
  end: number;
  offset: number;
  bytes: Uint8Array | undefined;
}

/**
 * Reads files a little further than asked.
 *
 * Go clients read a blob in pieces of 32 KiB, each by a call of its own: to read each from the file costs more than all else that the call
 * does. The second of two pieces that follow each other is read with those behind it; they are held until they are asked for.
 */
export class ReadAhead {
  /** The one that was read last comes last. */
  readonly #files = new Map<ReadFile, Progress>();

  /** At most `most` bytes at `offset`, fewer only at the end. They are shared: nobody may alter them. */
  async piece(file: ReadFile, offset: number, most: number): Promise<Uint8Array> {
    const length = Math.min(most, Math.max(file.size - offset, 0));
    const progress = this.#files.get(file);
    const held = heldPiece(progress, offset, length);
    if (held !== undefined) return held;
    const follows = progress?.end === offset && length < aheadSize;
    const bytes = await readFully(file.handle, offset, follows ? Math.min(aheadSize, file.size - offset) : length);
    this.#remember(file, { end: offset + length, offset, bytes: bytes.length > length ? bytes : undefined });
    return bytes.length > length ? bytes.subarray(0, length) : bytes;
  }

  /** Lets go of a file's bytes. */
  forget(file: ReadFile): void {
    this.#files.delete(file);
  }

  #remember(file: ReadFile, progress: Progress): void {
    this.#files.delete(file);
    if (progress.end >= file.size) return;
    this.#files.set(file, progress);
    if (this.#files.size <= mostHeld) return;
    for (const [oldest] of this.#files) {
      this.#files.delete(oldest);
      return;
    }
  }
}

function heldPiece(progress: Progress | undefined, offset: number, length: number): Uint8Array | undefined {
  if (progress?.bytes === undefined || offset < progress.offset) return undefined;
  const start = offset - progress.offset;
  if (start + length > progress.bytes.length) return undefined;
  const piece = progress.bytes.subarray(start, start + length);
  progress.end = offset + length;
  if (start + length === progress.bytes.length) progress.bytes = undefined;
  return piece;
}

async function readFully(handle: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const buffer = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled === length ? buffer : buffer.subarray(0, filled);
}
