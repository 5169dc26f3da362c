import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseImageConfig } from '../../../../pkg/oci/image-config.ts';
import { parseIndex } from '../../../../pkg/oci/index-document.ts';
import { maxDocumentSize } from '../../../../pkg/oci/json-object.ts';
import { parseManifest } from '../../../../pkg/oci/manifest-document.ts';
import { orRefused } from '../../../lab/or-refused.ts';

const hex = fc.stringMatching(/^[0-9a-f]{64}$/);
const descriptor = fc.record(
  {
    mediaType: fc.constantFrom('application/vnd.oci.image.manifest.v1+json', 'application/octet-stream', 'x/y'),
    digest: hex.map((value) => `sha256:${value}`),
    size: fc.maxSafeNat(),
  },
  { noNullPrototype: true },
);

test('an index and a manifest are read as they were written', () => {
  fc.assert(
    fc.property(fc.array(descriptor, { minLength: 1, maxLength: 5 }), (descriptors) => {
      const index = parseIndex(Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: descriptors })), 'index');
      assert.deepEqual(index.manifests, descriptors);
      const [config, ...layers] = descriptors;
      const manifest = parseManifest(Buffer.from(JSON.stringify({ schemaVersion: 2, config, layers })), 'manifest');
      assert.deepEqual(manifest, { config, layers });
    }),
  );
});

/** Objects with the members that matter, holding anything. */
const json = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: 'small' },
    fc.constant(null),
    fc.boolean(),
    fc.double(),
    fc.string({ maxLength: 5 }),
    fc.constantFrom('sha256:00', `sha256:${'a'.repeat(64)}`, 'amd64', 'linux', 'layers'),
    fc.array(tie('any'), { maxLength: 3 }),
    fc.dictionary(
      fc.constantFrom(
        ...[
          'manifests',
          'config',
          'layers',
          'digest',
          'size',
          'mediaType',
          'annotations',
          'platform',
          'os',
          'architecture',
        ],
        ...['rootfs', 'diff_ids', 'type', 'os.features', 'urls', '__proto__', 'constructor', 'toString'],
      ),
      tie('any'),
      { maxKeys: 5 },
    ),
  ),
})).any;

const parsers = [parseIndex, parseManifest, parseImageConfig] as const;

test('any JSON is a document or a typed error', () => {
  fc.assert(
    fc.property(json, (value) => {
      for (const parse of parsers) orRefused(() => parse(Buffer.from(JSON.stringify(value)), 'document'));
    }),
    { numRuns: 3000 },
  );
});

test('any bytes are a document or a typed error, however deep or long', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      for (const parse of parsers) orRefused(() => parse(bytes, 'document'));
    }),
  );
  const deep = [
    '['.repeat(1_000_000),
    '{"a":'.repeat(200_000),
    `{"manifests":${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}}`,
  ];
  for (const text of [...deep, ' '.repeat(maxDocumentSize + 1)])
    for (const parse of parsers) orRefused(() => parse(Buffer.from(text), 'document'));
});
