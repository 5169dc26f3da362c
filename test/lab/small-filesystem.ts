import { mkdirSync, openSync, closeSync, ftruncateSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isSystemError } from '../../pkg/sys/system-error.ts';
import { runProgram } from './run-program.ts';

async function must(file: string, args: readonly string[]): Promise<void> {
  const { code, stderr } = await runProgram(file, args);
  if (code !== 0) throw new Error(`${file} ${args.join(' ')}: ${stderr}`);
}

/**
 * An ext4 filesystem of its own in a file, mounted somewhere: to be filled and freed again. Root is needed. Disposing takes it off;
 * nobody may have anything open in it then.
 */
export class SmallFilesystem implements AsyncDisposable {
  readonly path: string;
  readonly #image: string;
  readonly #filler: string;

  /** @param path an absolute path; the directory is made; @param mebibytes its size */
  static async mount(path: string, mebibytes: number): Promise<SmallFilesystem> {
    mkdirSync(path, { recursive: true });
    const image = join(dirname(path), 'small-filesystem.img');
    const fd = openSync(image, 'w');
    ftruncateSync(fd, mebibytes << 20);
    closeSync(fd);
    // Without blocks that only root may use: the daemon is root.
    await must('mkfs.ext4', ['-q', '-m', '0', '-N', '8192', image]);
    await must('mount', ['-o', 'loop', image, path]);
    return new SmallFilesystem(path, image);
  }

  private constructor(path: string, image: string) {
    this.path = path;
    this.#image = image;
    this.#filler = join(path, 'filler');
  }

  /** Bytes that can be written. */
  get free(): number {
    const { bavail, bsize } = statfsSync(this.path);
    return bavail * bsize;
  }

  /** Takes all space but some bytes. */
  fill(leave = 0): void {
    const fd = openSync(this.#filler, 'a');
    try {
      const step = Buffer.alloc(1 << 20);
      for (let left = this.free - leave; left > 0; left = this.free - leave)
        writeSync(fd, step, 0, Math.min(left, step.length));
    } catch (error) {
      if (!isSystemError(error, 'ENOSPC')) throw error;
    } finally {
      closeSync(fd);
    }
  }

  /** Gives all of it back. */
  clear(): void {
    rmSync(this.#filler, { force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await must('umount', [this.path]);
    rmSync(this.#image);
  }
}
