import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, rmdir, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isSystemError } from '../../../pkg/sys/system-error.ts';
import { formatRfc3339, parseRfc3339 } from '../../../pkg/time/rfc3339.ts';

/** What an ingest's directory says of itself. */
export interface IngestRecord {
  readonly ref: string;
  /** Bytes in `data`. */
  readonly size: number;
  /** Bytes that there will be; 0 when unknown. */
  readonly total: number;
  /** Nanoseconds since 1970. */
  readonly startedAt: bigint;
  readonly updatedAt: bigint;
}

/** What is in an ingest's directory. */
const names = ['data', 'ref', 'startedat', 'updatedat', 'total'] as const;

/**
 * One directory below `ingest/`: `data` and, as text, `ref`, `startedat`, `updatedat`, `total`.
 *
 * The names and forms are those of containerd, so that either daemon can resume what the other began.
 */
export class IngestDirectory {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** The directory of a ref; its name is a hash because a ref may hold any character. */
  static of(parent: string, ref: string): IngestDirectory {
    return new IngestDirectory(join(parent, createHash('sha256').update(ref).digest('hex')));
  }

  get data(): string {
    return join(this.path, 'data');
  }

  /** What is there; undefined when the directory is missing or damaged. */
  async read(): Promise<IngestRecord | undefined> {
    try {
      // By itself first: most often there is nothing at all.
      const ref = await readFile(join(this.path, 'ref'), 'utf8');
      const [started, updated, total, data] = await Promise.all([
        readFile(join(this.path, 'startedat'), 'utf8'),
        readFile(join(this.path, 'updatedat'), 'utf8').catch(() => ''),
        readFile(join(this.path, 'total'), 'utf8').catch(() => '0'),
        stat(this.data, { bigint: true }),
      ]);
      const startedAt = parseRfc3339(started);
      if (startedAt === undefined || ref === '') return undefined;
      const parsedTotal = /^\d{1,15}$/.test(total) ? Number(total) : 0;
      const updatedAt = parseRfc3339(updated) ?? startedAt;
      return { ref, size: Number(data.size), total: parsedTotal, startedAt, updatedAt };
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  /** Makes an empty ingest, in place of a damaged one. When that fails, on a full disk for one, nothing is left. */
  async create(ref: string, total: number, now: bigint): Promise<void> {
    await mkdir(this.path, { mode: 0o755 }).catch(async (error: unknown) => {
      if (!isSystemError(error, 'EEXIST')) throw error;
      await this.remove();
      await mkdir(this.path, { mode: 0o755 });
    });
    const time = formatRfc3339(now);
    const files = [
      writeFile(join(this.path, 'ref'), ref, { mode: 0o666 }),
      writeFile(join(this.path, 'startedat'), time, { mode: 0o666 }),
      writeFile(join(this.path, 'updatedat'), time, { mode: 0o666 }),
      ...(total > 0 ? [writeFile(join(this.path, 'total'), String(total), { mode: 0o666 })] : []),
      writeFile(this.data, '', { mode: 0o666 }),
    ];
    try {
      await Promise.all(files);
    } catch (error) {
      await Promise.allSettled(files);
      await this.remove();
      throw error;
    }
  }

  /** Notes when bytes were last added. */
  async touch(updatedAt: bigint): Promise<void> {
    await writeFile(join(this.path, 'updatedat'), formatRfc3339(updatedAt));
  }

  /** Idempotent. */
  async remove(): Promise<void> {
    // Side by side: a walk of the directory takes four times as long, and a commit waits for it.
    await Promise.all(names.map((name) => unlink(join(this.path, name)).catch(() => undefined)));
    await rmdir(this.path).catch(async () => await rm(this.path, { recursive: true, force: true }));
  }
}

/** Whether a file system call failed because something on the path is not there. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
