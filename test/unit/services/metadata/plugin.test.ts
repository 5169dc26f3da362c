import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { metadataConfig } from '../../../../services/metadata/metadata-config.ts';
import { schema } from '../../../../services/metadata/schema.ts';
import { openMetadata } from '../../../../services/metadata/open-metadata.ts';
import { TemporaryDirectory } from '../../../lab/temporary-directory.ts';

test('the settings are read with their defaults, and refused by name', () => {
  assert.deepEqual(metadataConfig.parse(metadataConfig.defaults), { contentSharingPolicy: 'shared', noSync: false });
  assert.deepEqual(metadataConfig.parse({ content_sharing_policy: 'isolated', no_sync: true }), {
    contentSharingPolicy: 'isolated',
    noSync: true,
  });
  assert.throws(
    () => metadataConfig.parse({ content_sharing_policy: 'x' }),
    /content_sharing_policy "x".*invalid argument/,
  );
  assert.throws(() => metadataConfig.parse({ no_sync: 'yes' }), /no_sync.*invalid argument/);
});

test('a root that another containerd uses is refused, and left alone', async () => {
  using directory = new TemporaryDirectory();
  mkdirSync(join(directory.path, 'root'));
  const foreign = join(directory.path, 'root', 'meta.db');
  writeFileSync(foreign, 'x');
  await assert.rejects(openMetadata(join(directory.path, 'root'), {}), (error: Error) =>
    error.message.includes(foreign),
  );
});

test('table names are apart', () => {
  assert.equal(new Set(schema.tables.map(({ name }) => name)).size, schema.tables.length);
});
