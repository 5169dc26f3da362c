import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { collect } from '../../pkg/batches/collect.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import type { ErrorKind } from '../../pkg/errors/error-kind.ts';
import type { Scope } from '../../pkg/scope/scope.ts';
import type { ContentStore } from '../../services/content/content-store.ts';

/** One store under test, empty. */
export interface ContentStoreFixture extends AsyncDisposable {
  readonly store: ContentStore;
  readonly scope: Scope;
  /** Another namespace. */
  readonly other?: Scope;
}

/** What an implementation is asked to do; not all have a place for everything. */
export interface ContentStoreSupports {
  /** Keeps labels and changes them. */
  readonly labels: boolean;
  /** Keeps namespaces apart, and shares bytes between them. */
  readonly namespaces: boolean;
  /** Readers name the blob's file. */
  readonly file: boolean;
  /** Takes digests by sha512. */
  readonly sha512: boolean;
}

/** The digest of bytes, by an implementation that is not the one under test. */
export function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

export function isKind(kind: ErrorKind, text?: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof KindError, `not a KindError: ${String(error)}`);
    assert.equal(error.kind, kind, error.message);
    if (text) assert.match(error.message, text);
    return true;
  };
}

/** Writes a blob in one piece. */
export async function ingest(store: ContentStore, scope: Scope, bytes: Uint8Array, labels?: Map<string, string>) {
  const digest = sha256(bytes);
  await using writer = await store.writer(scope, { ref: `ref-${digest}`, total: bytes.length, expected: digest });
  if (writer.status().offset !== bytes.length) await writer.write(bytes);
  await writer.commit(bytes.length, digest, labels);
  return digest;
}

/** All bytes of a blob. */
export async function readAll(store: ContentStore, scope: Scope, digest: string): Promise<Buffer> {
  await using reader = await store.reader(scope, digest);
  const into = Buffer.alloc(reader.size + 1);
  let filled = 0;
  for (let count = -1; count !== 0; filled += count) count = await reader.read(into.subarray(filled), filled);
  assert.equal(filled, reader.size);
  return into.subarray(0, filled);
}

/** What every content store has to do; `open` makes an empty one for each test. */
export function contentStoreSuite(
  name: string,
  supports: ContentStoreSupports,
  open: () => Promise<ContentStoreFixture>,
): void {
  describe(`content store: ${name}`, () => {
    let fixture: ContentStoreFixture;
    beforeEach(async () => {
      fixture = await open();
    });
    afterEach(() => fixture[Symbol.asyncDispose]());
    const current = (): ContentStoreFixture => fixture;
    testBlobs(current, supports);
    testIngests(current, supports);
    if (supports.labels) testLabels(current);
    if (supports.namespaces) testNamespaces(current);
  });
}

type Current = () => ContentStoreFixture;

function testBlobs(current: Current, supports: ContentStoreSupports): void {
  for (const size of [0, 1, 4096, 1 << 20, 5_000_001]) {
    it(`keeps a blob of ${size} bytes`, async () => {
      const { store, scope } = current();
      const bytes = randomBytes(size);
      const digest = await ingest(store, scope, bytes);
      assert.deepEqual(await readAll(store, scope, digest), bytes);
      const info = await store.info(scope, digest);
      assert.equal(info.digest, digest);
      assert.equal(info.size, size);
      assert.ok(info.createdAt > 0n && info.updatedAt >= info.createdAt);
      assert.deepEqual(await store.listStatuses(scope, []), []);
    });
  }

  it('lists in order of the digests', async () => {
    const { store, scope } = current();
    const digests: string[] = [];
    for (let i = 0; i < 5; i++) digests.push(await ingest(store, scope, randomBytes(10)));
    const listed = (await collect(store.list(scope, []))).map(({ digest }) => digest);
    assert.deepEqual(listed, digests.toSorted());
    const one = await collect(store.list(scope, [`digest==${digests[2]}`]));
    assert.deepEqual(
      one.map(({ digest }) => digest),
      [digests[2]],
    );
    await assert.rejects(collect(store.list(scope, ['=='])), isKind('invalid-argument'));
  });

  it('deletes a blob, which an open reader goes on reading', async () => {
    const { store, scope } = current();
    const bytes = randomBytes(100);
    const digest = await ingest(store, scope, bytes);
    await using reader = await store.reader(scope, digest);
    await store.delete(scope, digest);
    const into = Buffer.alloc(100);
    assert.equal(await reader.read(into, 0), 100);
    assert.deepEqual(into, bytes);
    await assert.rejects(store.info(scope, digest), isKind('not-found'));
    await assert.rejects(store.reader(scope, digest), isKind('not-found'));
    await assert.rejects(store.delete(scope, digest), isKind('not-found'));
    assert.deepEqual(await collect(store.list(scope, [])), []);
    await ingest(store, scope, bytes);
    assert.deepEqual(await readAll(store, scope, digest), bytes);
  });

  it('refuses malformed digests', async () => {
    const { store, scope } = current();
    for (const digest of [
      '',
      'sha256',
      'sha256:',
      'sha256:00',
      'md5:d41d8cd98f00b204e9800998ecf8427e',
      `sha256:${'G'.repeat(64)}`,
    ]) {
      await assert.rejects(store.info(scope, digest), isKind('invalid-argument'), digest);
    }
    await assert.rejects(store.info(scope, `sha256:../../../${'a'.repeat(55)}`), isKind('invalid-argument'));
    await assert.rejects(store.info(scope, sha256(Buffer.from('absent'))), isKind('not-found', /sha256:/));
  });

  if (supports.file) {
    it('names the file of a blob', async () => {
      const { store, scope } = current();
      const digest = await ingest(store, scope, Buffer.from('text'));
      await using reader = await store.reader(scope, digest);
      assert.ok(reader.file?.endsWith(digest.replace(':', '/')));
    });
  }

  if (supports.sha512) {
    it('takes a digest by sha512', async () => {
      const { store, scope } = current();
      const bytes = randomBytes(1000);
      const digest = `sha512:${createHash('sha512').update(bytes).digest('hex')}`;
      for (const expected of [digest, '']) {
        await using writer = await store.writer(scope, { ref: `sha512-${expected}`, expected });
        await writer.write(bytes);
        const committed = writer.commit(1000, digest);
        if (expected === '') await assert.rejects(committed, isKind('already-exists'));
        else await committed;
      }
      assert.deepEqual(await readAll(store, scope, digest), bytes);
    });
  }
}

function testIngests(current: Current, supports: ContentStoreSupports): void {
  it('gathers small writes and hashes them on the way', async () => {
    const { store, scope } = current();
    const bytes = randomBytes(3_000_000);
    await using writer = await store.writer(scope, { ref: 'small', total: bytes.length });
    const chunk = Buffer.alloc(32_768);
    for (let offset = 0; offset < bytes.length; offset += chunk.length) {
      const count = bytes.copy(chunk, 0, offset, offset + chunk.length);
      await writer.write(chunk.subarray(0, count));
      chunk.fill(0);
      const written = Math.min(offset + chunk.length, bytes.length);
      assert.equal(writer.status().offset, written);
    }
    assert.equal(writer.digest(), sha256(bytes));
    await writer.commit(bytes.length, sha256(bytes));
    assert.deepEqual(await readAll(store, scope, sha256(bytes)), bytes);
  });

  it('resumes an ingest', async () => {
    const { store, scope } = current();
    const bytes = randomBytes(100_000);
    const first = await store.writer(scope, { ref: 'resumed', total: bytes.length });
    await first.write(bytes.subarray(0, 60_000));
    await first[Symbol.asyncDispose]();
    const status = await store.status(scope, 'resumed');
    assert.equal(status.offset, 60_000);
    assert.equal(status.ref, 'resumed');
    assert.equal(status.total, bytes.length);
    await using second = await store.writer(scope, { ref: 'resumed' });
    assert.equal(second.status().offset, 60_000);
    assert.equal(second.digest(), sha256(bytes.subarray(0, 60_000)));
    await second.write(bytes.subarray(60_000));
    await second.commit(0, '');
    assert.deepEqual(await readAll(store, scope, sha256(bytes)), bytes);
  });

  it('begins anew after truncate', async () => {
    const { store, scope } = current();
    await using writer = await store.writer(scope, { ref: 'anew' });
    await writer.write(Buffer.from('wrong, and longer'));
    await writer.truncate();
    assert.equal(writer.status().offset, 0);
    await writer.write(Buffer.from('right'));
    await writer.commit(5, sha256(Buffer.from('right')));
    assert.equal((await readAll(store, scope, sha256(Buffer.from('right')))).toString(), 'right');
  });

  it('refuses a commit of another size or digest, and adds nothing', async () => {
    const { store, scope } = current();
    const bytes = Buffer.from('content');
    const other = sha256(Buffer.from('other'));
    const first = await store.writer(scope, { ref: 'refused' });
    await first.write(bytes);
    await assert.rejects(first.commit(8, ''), isKind('failed-precondition'));
    await first[Symbol.asyncDispose]();
    const second = await store.writer(scope, { ref: 'refused' });
    assert.equal(second.status().offset, bytes.length);
    await assert.rejects(second.commit(7, other), isKind('failed-precondition'));
    await second[Symbol.asyncDispose]();
    assert.deepEqual(await collect(store.list(scope, [])), []);
    await using third = await store.writer(scope, { ref: 'refused' });
    await third.commit(7, sha256(bytes));
    assert.equal((await collect(store.list(scope, []))).length, 1);
  });

  it('has one writer at a time for a ref', async () => {
    const { store, scope } = current();
    const first = await store.writer(scope, { ref: 'locked' });
    await assert.rejects(store.writer(scope, { ref: 'locked' }), isKind('unavailable', /ref .*locked for /));
    await first[Symbol.asyncDispose]();
    await using second = await store.writer(scope, { ref: 'locked' });
    await second.write(Buffer.from('x'));
  });

  it('refuses a writer and a commit of a blob that is there', async () => {
    const { store, scope } = current();
    const bytes = Buffer.from('there');
    await using late = await store.writer(scope, { ref: 'late' });
    await late.write(bytes);
    const digest = await ingest(store, scope, bytes);
    const again = store.writer(scope, { ref: 'again', expected: digest });
    await assert.rejects(again, isKind('already-exists'));
    await assert.rejects(late.commit(bytes.length, digest), isKind('already-exists'));
    assert.deepEqual(await store.listStatuses(scope, []), []);
  });

  it('lists and aborts ingests', async () => {
    const { store, scope } = current();
    for (const ref of ['b', 'a', 'sp ace/ü']) {
      await using writer = await store.writer(scope, { ref });
      await writer.write(Buffer.from(ref));
    }
    const refs = (await store.listStatuses(scope, [])).map(({ ref }) => ref);
    assert.deepEqual(refs.toSorted(), ['a', 'b', 'sp ace/ü']);
    assert.equal((await store.listStatuses(scope, ['ref==a']))[0]?.offset, 1);
    await store.abort(scope, 'a');
    await assert.rejects(store.abort(scope, 'a'), isKind('not-found'));
    await assert.rejects(store.status(scope, 'a'), isKind('not-found'));
    await using fresh = await store.writer(scope, { ref: 'a' });
    assert.equal(fresh.status().offset, 0);
  });

  it('refuses refs that are empty or too long', async () => {
    const { store, scope } = current();
    await assert.rejects(store.writer(scope, { ref: '' }), isKind('invalid-argument'));
  });

  if (supports.file) {
    it('takes the ingest from under an open writer', async () => {
      const { store, scope } = current();
      await using writer = await store.writer(scope, { ref: 'aborted' });
      await writer.write(Buffer.from('bytes'));
      await store.abort(scope, 'aborted');
      await assert.rejects(writer.write(Buffer.from('more')), isKind('not-found'));
      await assert.rejects(writer.commit(0, ''), isKind('not-found'));
      assert.deepEqual(await collect(store.list(scope, [])), []);
    });
  }
}

function testLabels(current: Current): void {
  it('keeps labels, and takes empty values for their removal', async () => {
    const { store, scope } = current();
    const digest = await ingest(store, scope, Buffer.from('labelled'), new Map([['a', '1'], ['b', '2'], ['c', '']])); // prettier-ignore
    assert.deepEqual((await store.info(scope, digest)).labels, new Map([['a', '1'], ['b', '2']])); // prettier-ignore
    const one = await store.update(scope, { digest, labels: new Map([['a.b', 'x'], ['z', '9']]) }, ['labels.a.b']); // prettier-ignore
    assert.deepEqual(one.labels, new Map([['a', '1'], ['b', '2'], ['a.b', 'x']])); // prettier-ignore
    const all = await store.update(scope, { digest, labels: new Map([['only', 'me']]) }, []);
    assert.deepEqual(all.labels, new Map([['only', 'me']]));
    assert.ok(all.updatedAt > all.createdAt);
    assert.equal((await collect(store.list(scope, ['labels.only==me']))).length, 1);
    assert.equal((await collect(store.list(scope, ['labels.a']))).length, 0);
    const none = new Map<string, string>();
    await assert.rejects(store.update(scope, { digest, labels: none }, ['size']), isKind('invalid-argument'));
    const long = new Map([['k', 'v'.repeat(4096)]]);
    await assert.rejects(store.update(scope, { digest, labels: long }, []), isKind('invalid-argument'));
    const absent = sha256(Buffer.from('absent'));
    await assert.rejects(store.update(scope, { digest: absent, labels: none }, []), isKind('not-found'));
  });
}

function testNamespaces(current: Current): void {
  it('keeps namespaces apart and shares their bytes', async () => {
    const { store, scope, other = { namespace: `${scope.namespace}-other` } } = current();
    const bytes = randomBytes(2000);
    const digest = await ingest(store, scope, bytes);
    await assert.rejects(store.info(other, digest), isKind('not-found'));
    await assert.rejects(store.reader(other, digest), isKind('not-found'));
    await assert.rejects(store.delete(other, digest), isKind('not-found'));
    const writer = await store.writer(other, { ref: 'shared', expected: digest, total: bytes.length });
    assert.equal(writer.status().offset, bytes.length);
    assert.equal(writer.digest(), digest);
    await writer.commit(bytes.length, digest);
    await writer[Symbol.asyncDispose]();
    assert.deepEqual(await readAll(store, other, digest), bytes);
    await store.delete(scope, digest);
    assert.deepEqual(await readAll(store, other, digest), bytes);
    await store.delete(other, digest);
  });

  it('takes bytes that are sent although another namespace has them', async () => {
    const { store, scope, other = { namespace: `${scope.namespace}-other` } } = current();
    const bytes = randomBytes(2000);
    const digest = await ingest(store, scope, bytes);
    await using writer = await store.writer(other, { ref: 'sent' });
    await writer.write(bytes);
    await writer.commit(bytes.length, digest);
    assert.deepEqual(await readAll(store, other, digest), bytes);
    await store.delete(other, digest);
    await using again = await store.writer(other, { ref: 'insists', expected: digest, total: bytes.length });
    await again.truncate();
    await again.write(bytes);
    await again.commit(bytes.length, digest);
    await store.delete(other, digest);
  });

  it('has the same ref in two namespaces', async () => {
    const { store, scope, other = { namespace: `${scope.namespace}-other` } } = current();
    await using one = await store.writer(scope, { ref: 'same' });
    await using two = await store.writer(other, { ref: 'same' });
    await one.write(Buffer.from('one'));
    await two.write(Buffer.from('other'));
    assert.equal((await store.status(scope, 'same')).offset, 3);
    assert.equal((await store.status(other, 'same')).offset, 5);
    await store.abort(other, 'same');
    await store.abort(scope, 'same');
  });
}
