import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { PseudoRandom } from '../../../lab/pseudo-random.ts';
import { makeTar, type MadeEntry } from '../../pkg/tar/make-tar.ts';
import { GrowingLayer } from './growing-layer.ts';
import { LayerLab } from './layer-lab.ts';
import { readTree } from './read-tree.ts';

const lab = new LayerLab();
const random = new PseudoRandom('arriving');
const entries: MadeEntry[] = [
  { name: 'dir', type: '5', mode: 0o755 },
  ...Array.from({ length: 30 }, (_, at) => ({ name: `dir/${String(at)}`, data: random.bytes(100_000) })),
  { name: 'zeros', data: Buffer.alloc(2_000_000) },
];
const tar = makeTar(entries);
const packings: Record<string, (bytes: Buffer) => Buffer> = {
  'a plain tar': (bytes) => bytes,
  gzip: (bytes) => gzipSync(bytes),
  'gzip of several members': (bytes) =>
    Buffer.concat([gzipSync(bytes.subarray(0, 1_500_000)), gzipSync(bytes.subarray(1_500_000)), Buffer.alloc(300)]),
  zstd: (bytes) => zstdCompressSync(bytes),
  'zstd of several frames': (bytes) =>
    Buffer.concat([zstdCompressSync(bytes.subarray(0, 1_500_000)), zstdCompressSync(bytes.subarray(1_500_000))]),
};

describe('layers that are unpacked while they arrive', () => {
  for (const [what, pack] of Object.entries(packings)) {
    test(`${what}: the tree and the diff id are those of the whole layer`, async () => {
      const bytes = pack(tar);
      const whole = await lab.extract(tar);
      const layer = new GrowingLayer(lab, bytes);
      const running = lab.pool.run(layer.request, undefined, { onStarved: layer.onStarved });
      for (const part of [3, 4, 100_000, 100_001, bytes.length - 1]) {
        await layer.hungry();
        layer.grow(part);
      }
      await layer.hungry();
      assert.ok(readdirSync(layer.root).includes('dir'), 'nothing was unpacked before the last byte had come');
      layer.grow();
      const { digest, size } = await running;
      assert.deepEqual({ digest, size }, { digest: whole.digest, size: whole.size });
      assert.deepEqual(readTree(layer.root), readTree(whole.root));
      assert.deepEqual(layer.starved, [0, 3, 4, 100_000, 100_001, bytes.length - 1]);
    });
  }

  test('those that wait keep no others waiting, however many', async () => {
    const bytes = gzipSync(tar);
    const waiting = Array.from({ length: 12 }, () => new GrowingLayer(lab, bytes));
    const running = waiting.map((layer) => lab.pool.run(layer.request, undefined, { onStarved: layer.onStarved }));
    for (const layer of waiting) {
      await layer.hungry();
      layer.grow(1_000_000);
      await layer.hungry();
    }
    const others = Array.from({ length: 8 }, async () => (await lab.extract(tar)).digest);
    const [digest] = await Promise.all(others);
    for (const layer of waiting.toReversed()) layer.grow();
    for (const result of running) assert.equal((await result).digest, digest);
  });

  test('one that begins anew is given up', async () => {
    const layer = new GrowingLayer(lab, gzipSync(tar));
    const running = lab.pool.run(layer.request, undefined, { onStarved: layer.onStarved });
    await layer.hungry();
    layer.grow(500_000);
    await layer.hungry();
    layer.spoil();
    await assert.rejects(running, { kind: 'canceled', message: /begun anew/ });
  });

  test('one that is cancelled, or whose download fails, ends while it waits', async () => {
    for (const packed of [gzipSync(tar), zstdCompressSync(tar), tar]) {
      const cancelled = new GrowingLayer(lab, packed);
      const abort = new AbortController();
      const listener = { onStarved: cancelled.onStarved };
      const cancelling = lab.pool.run(cancelled.request, abort.signal, listener);
      await cancelled.hungry();
      abort.abort(new Error('the caller left'));
      await assert.rejects(cancelling, /the caller left/);
      cancelled.spoil();

      const broken = new GrowingLayer(lab, packed);
      const breaking = lab.pool.run(broken.request, undefined, { onStarved: broken.onStarved });
      await broken.hungry();
      broken.fail(new Error('the download failed'));
      await assert.rejects(breaking, { kind: 'canceled' });
    }
    assert.equal((await lab.extract(tar)).size, tar.length);
  });

  test('bytes that are no good are refused before the rest has come', async () => {
    const layer = new GrowingLayer(
      lab,
      Buffer.concat([gzipSync(tar).subarray(0, 600_000), Buffer.alloc(2_000_000, 'x')]),
    );
    const running = lab.pool.run(layer.request, undefined, { onStarved: layer.onStarved });
    await layer.hungry();
    layer.grow(2_000_000);
    await assert.rejects(running, { kind: 'invalid-argument' });
    layer.spoil();
  });

  test('one that ends before its archive does is refused', async () => {
    const layer = new GrowingLayer(lab, gzipSync(tar).subarray(0, -10));
    const running = lab.pool.run(layer.request, undefined, { onStarved: layer.onStarved });
    await layer.hungry();
    layer.grow();
    await assert.rejects(running, { kind: 'invalid-argument', message: /unexpected end of file/ });
  });
});
