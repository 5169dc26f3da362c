import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import type { LayerCompression } from '../../../../services/diff/layer-compression.ts';
import { makeTar } from '../../pkg/tar/make-tar.ts';
import { LayerLab } from './layer-lab.ts';

const lab = new LayerLab();
const mebibyte = 1 << 20;

/** The most memory that this process had so far. */
function peak(): number {
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1024;
}

async function size(bytes: Buffer, compression: LayerCompression): Promise<number> {
  const target = { root: lab.make(), lowers: [], whiteouts: 'delete' } as const;
  return (await lab.pool.run({ kind: 'extract', file: lab.file(bytes), compression, target })).size;
}

/** A zstd frame that asks for a window of 2 to the power of `power`, with one block that repeats a byte. */
function frame(power: number, length: number): Buffer {
  const block = Buffer.alloc(4);
  block.writeUIntLE((length << 3) | 3, 0, 3);
  return Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, (power - 10) << 3]), block]);
}

test('what unpacks to a thousand times its size passes through little memory', async () => {
  const start = makeTar([{ name: 'file', data: 'x' }]);
  const zeros = Buffer.alloc(64 * mebibyte);
  const [gzip, zstd] = [gzipSync(zeros), zstdCompressSync(zeros)];
  // The first use of a worker and of both decoders.
  await size(gzipSync(start), 'gzip');
  await size(zstdCompressSync(start), 'zstd');
  const before = peak();
  const repeated = <T>(piece: T): T[] => Array.from({ length: 16 }, () => piece);
  assert.equal(await size(Buffer.concat([gzipSync(start), ...repeated(gzip)]), 'gzip'), start.length + 1024 * mebibyte);
  assert.equal(
    await size(Buffer.concat([zstdCompressSync(start), ...repeated(zstd)]), 'zstd'),
    start.length + 1024 * mebibyte,
  );
  assert.ok(peak() - before < 64 * mebibyte, `${Math.round((peak() - before) / mebibyte)} MiB more`);
});

test('windows beyond 128 MiB are refused before there is memory for them', async () => {
  const before = peak();
  for (const power of [28, 31, 41]) {
    await assert.rejects(size(frame(power, 100_000), 'zstd'), { kind: 'invalid-argument', message: /too much memory/ });
  }
  assert.ok(peak() - before < 64 * mebibyte);
  assert.equal(await size(frame(27, 100_000), 'zstd'), 100_000);
});

test('streams that end too early are refused', async () => {
  const tar = makeTar([{ name: 'file', data: Buffer.alloc(500_000, 'abcdef') }]);
  for (const [bytes, compression] of [
    [gzipSync(tar), 'gzip'],
    [zstdCompressSync(tar), 'zstd'],
  ] as const) {
    for (const cut of [1, 4, 9, bytes.length - 5]) {
      await assert.rejects(
        size(bytes.subarray(0, -cut), compression),
        { kind: 'invalid-argument' },
        `${compression} ${cut}`,
      );
    }
  }
});
