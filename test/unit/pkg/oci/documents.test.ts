import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chainIds } from '../../../../pkg/oci/chain-ids.ts';
import { parseImageConfig } from '../../../../pkg/oci/image-config.ts';
import { parseIndex } from '../../../../pkg/oci/index-document.ts';
import { parseManifest } from '../../../../pkg/oci/manifest-document.ts';
import { mediaKind, mediaTypes } from '../../../../pkg/oci/media-types.ts';

const digest = `sha256:${'1'.repeat(64)}`;
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const layer = { mediaType: mediaTypes.ociLayer, digest, size: 3 };

test('a manifest is read', () => {
  const manifest = parseManifest(json({ config: { ...layer, mediaType: mediaTypes.ociConfig }, layers: [layer] }), 'm');
  assert.equal(manifest.config.mediaType, mediaTypes.ociConfig);
  assert.deepEqual(manifest.layers, [layer]);
});

test('an index is read with platforms and annotations', () => {
  const entry = { ...layer, platform: { os: 'linux', architecture: 'arm', variant: 'v7' }, annotations: { a: 'b' } };
  const [manifest] = parseIndex(json({ manifests: [entry] }), 'i').manifests;
  assert.deepEqual(manifest?.platform, entry.platform);
  assert.equal(manifest.annotations?.get('a'), 'b');
});

test('hostile documents are refused', () => {
  const config = { ...layer, mediaType: mediaTypes.ociConfig };
  const bad: Buffer[] = [
    Buffer.from('['),
    Buffer.from('null'),
    Buffer.from([0x7b, 0xff, 0x7d]),
    json({ layers: [] }),
    json({ config, manifests: [] }),
    json({ config, layers: 'x' }),
    json({ config, layers: [{ ...layer, digest: '../../etc' }] }),
    json({ config, layers: [{ ...layer, size: -1 }] }),
    json({ config, layers: [{ ...layer, size: 1.5 }] }),
    json({ config, layers: [{ ...layer, mediaType: '' }] }),
    json({ config, layers: [{ ...layer, annotations: { a: 1 } }] }),
    Buffer.alloc(9 << 20, ' '),
  ];
  for (const bytes of bad) assert.throws(() => parseManifest(bytes, 'm'), /invalid argument/);
  assert.throws(() => parseIndex(json({ config, manifests: [] }), 'i'), /invalid argument/);
  assert.throws(() => parseImageConfig(json({ rootfs: { diff_ids: ['x'] } }), 'c'), /invalid argument/);
});

test('members named like those of every object are data', () => {
  const { annotations } = parseManifest(
    Buffer.from(`{"config":{"mediaType":"a/b","digest":"${digest}","size":1,"annotations":{"__proto__":"x"}}}`),
    'm',
  ).config;
  assert.deepEqual([...(annotations ?? [])], [['__proto__', 'x']]);
});

test('media types have their kinds', () => {
  assert.equal(mediaKind('application/vnd.oci.image.layer.v1.tar+zstd'), 'layer');
  assert.equal(mediaKind('application/vnd.docker.image.rootfs.diff.tar.gzip'), 'layer');
  assert.equal(mediaKind(mediaTypes.dockerIndex), 'index');
  assert.equal(mediaKind('toString'), 'unknown');
});

test('chain ids', () => {
  const second = `sha256:${'2'.repeat(64)}`;
  const chain = chainIds([digest, second]);
  assert.equal(chain[0], digest);
  assert.match(chain[1] ?? '', /^sha256:[0-9a-f]{64}$/);
  assert.deepEqual(chainIds([]), []);
});
