import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { ExtractPool } from '../../../../services/diff/extract-pool.ts';
import type { ExtractResult } from '../../../../services/diff/extract-request.ts';
import type { LayerTarget } from '../../../../services/diff/layer-writer.ts';
import { makeTar, type MadeEntry } from '../../pkg/tar/make-tar.ts';

/** A directory for one test file, with worker threads that unpack into it; both are gone when its tests are done. */
export class LayerLab {
  readonly directory = mkdtempSync(join(tmpdir(), 'gantry-layer-'));
  readonly pool = new ExtractPool();
  #count = 0;

  constructor() {
    after(async () => {
      await this.pool[Symbol.asyncDispose]();
      rmSync(this.directory, { recursive: true });
    });
  }

  /** A new, empty directory. */
  make(): string {
    const path = join(this.directory, String(this.#count++));
    mkdirSync(path);
    return path;
  }

  /** A new file. */
  file(content: Buffer): string {
    const path = join(this.directory, `${this.#count++}.file`);
    writeFileSync(path, content);
    return path;
  }

  /** Unpacks a layer; into a new directory with `delete` unless told otherwise. */
  async extract(
    tar: Buffer | readonly MadeEntry[],
    target: Partial<LayerTarget> = {},
  ): Promise<ExtractResult & { root: string }> {
    const file = this.file(Buffer.isBuffer(tar) ? tar : makeTar(tar));
    const root = target.root ?? this.make();
    const whole: LayerTarget = { root, lowers: target.lowers ?? [], whiteouts: target.whiteouts ?? 'delete' };
    return { ...(await this.pool.run({ kind: 'extract', file, compression: 'none', target: whole })), root };
  }
}
