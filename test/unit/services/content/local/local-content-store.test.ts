import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { LocalContentStore } from '../../../../../services/content/local/local-content-store.ts';
import { contentStoreSuite, ingest, readAll, sha256 } from '../../../../suites/content-store-suite.ts';

const scope = { namespace: 'default' };

async function temporary() {
  const path = await mkdtemp(join(tmpdir(), 'gantry-content-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

contentStoreSuite('local', { labels: false, namespaces: false, file: true, sha512: true }, async () => {
  const directory = await temporary();
  const store = await LocalContentStore.open(directory.path);
  return { store, scope, [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose]() };
});

it('lays blobs and ingests out as containerd does', async () => {
  await using directory = await temporary();
  const store = await LocalContentStore.open(directory.path);
  const digest = await ingest(store, scope, Buffer.from('layout'));
  const blob = await stat(join(directory.path, 'blobs', digest.replace(':', '/')));
  assert.equal(blob.mode & 0o7777, 0o444);
  const writer = await store.writer(scope, { ref: 'default/1/some ref', total: 12 });
  await writer.write(Buffer.from('half'));
  await writer[Symbol.asyncDispose]();
  const ingests = join(directory.path, 'ingest', sha256(Buffer.from('default/1/some ref')).slice(7));
  assert.deepEqual((await readdir(ingests)).sort(), ['data', 'ref', 'startedat', 'total', 'updatedat']);
  const read = (name: string): Promise<string> => readFile(join(ingests, name), 'utf8');
  assert.equal(await read('data'), 'half');
  assert.equal(await read('ref'), 'default/1/some ref');
  assert.equal(await read('total'), '12');
  assert.match(await read('startedat'), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
});

it('clears damaged ingests at the start and resumes whole ones', async () => {
  await using directory = await temporary();
  const before = await LocalContentStore.open(directory.path);
  const writer = await before.writer(scope, { ref: 'whole' });
  await writer.write(Buffer.from('who'));
  await writer[Symbol.asyncDispose]();
  const damaged = join(directory.path, 'ingest', sha256(Buffer.from('damaged')).slice(7));
  await mkdir(damaged);
  await writeFile(join(damaged, 'ref'), 'damaged');
  const store = await LocalContentStore.open(directory.path);
  assert.equal((await readdir(join(directory.path, 'ingest'))).length, 1);
  await using resumed = await store.writer(scope, { ref: 'whole' });
  await resumed.write(Buffer.from('le'));
  await resumed.commit(5, sha256(Buffer.from('whole')));
  assert.equal((await readAll(store, scope, sha256(Buffer.from('whole')))).toString(), 'whole');
});
