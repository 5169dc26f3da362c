import { posix } from 'node:path';
import type { TarEntry } from '../../../pkg/tar/tar-entry.ts';
import { TarParser, type TarConsumer } from '../../../pkg/tar/tar-parser.ts';

/** What an archive brings, in its order. */
export type ArchiveEvent =
  | { readonly type: 'file'; readonly name: string; readonly size: number }
  /** A piece of the file that came last. */
  | { readonly type: 'data'; readonly bytes: Uint8Array }
  /** The file that came last is complete. */
  | { readonly type: 'end' }
  | { readonly type: 'symlink'; readonly name: string; readonly target: string };

/**
 * The files and symbolic links of a tar that arrives in pieces; names are cleaned and relative to the archive's root.
 *
 * @throws KindError `invalid-argument` for a malformed or truncated archive.
 */
export async function* archiveFiles(bytes: AsyncIterable<Buffer>): AsyncGenerator<readonly ArchiveEvent[], void, void> {
  const collector = new Collector();
  const parser = new TarParser(collector);
  for await (const piece of bytes) {
    parser.push(piece);
    // The pieces stay as they are until we ask for the next one.
    const events = collector.take();
    if (events.length > 0) yield events;
  }
  parser.finish();
}

/** Turns the parser's calls into a list. */
class Collector implements TarConsumer {
  #events: ArchiveEvent[] = [];
  /** Whether the entry at hand is a file, whose data counts. */
  #inFile = false;

  entry(entry: TarEntry, data: Uint8Array | undefined): void {
    this.#inFile = false;
    const name = cleanName(entry.name);
    if (entry.type === 'symlink') {
      this.#events.push({ type: 'symlink', name, target: posix.join(posix.dirname(name), entry.linkName) });
    } else if (entry.type === 'file') {
      this.#inFile = true;
      this.#events.push({ type: 'file', name, size: entry.size });
      if (data === undefined) return;
      this.data(data);
      this.end();
    }
  }

  data(chunk: Uint8Array): void {
    if (this.#inFile && chunk.length > 0) this.#events.push({ type: 'data', bytes: chunk });
  }

  end(): void {
    if (this.#inFile) this.#events.push({ type: 'end' });
    this.#inFile = false;
  }

  take(): readonly ArchiveEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }
}

function cleanName(name: string): string {
  return posix.normalize(`/${name}`).slice(1);
}
