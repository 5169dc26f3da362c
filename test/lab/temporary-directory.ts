import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * A directory of a suite's own, removed with all in it when disposed. Short, because a socket's path has 107 bytes.
 *
 * @example
 * using directory = new TemporaryDirectory();
 */
export class TemporaryDirectory implements Disposable {
  readonly path: string;

  constructor(prefix = 'gantry-') {
    this.path = mkdtempSync(join(tmpdir(), prefix));
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
