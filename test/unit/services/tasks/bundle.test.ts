import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { KindError } from '../../../../pkg/errors/kind-error.ts';
import { mountAll } from '../../../../pkg/sys/mount-all.ts';
import { Bundle } from '../../../../services/tasks/bundle.ts';
import { TemporaryDirectory } from '../../../lab/temporary-directory.ts';

const bind = (source: string): { type: string; source: string; target: string; options: string[] } => ({
  type: 'bind',
  source,
  target: '',
  options: ['rbind', 'rw'],
});

test('a bundle holds the spec byte for byte, and appears whole', async () => {
  using directory = new TemporaryDirectory();
  const roots = { state: join(directory.path, 's'), root: join(directory.path, 'r') };
  const bundle = new Bundle(roots, 'default', 'c1');
  const spec = Buffer.from('{ "a":1,\t"a":2 }\n');
  await bundle.create({ spec, shimBinary: '/usr/bin/shim' });
  assert.deepEqual(readdirSync(join(roots.state, 'default')), ['c1']);
  assert.deepEqual(readFileSync(join(bundle.path, 'config.json')), spec);
  assert.equal(readlinkSync(join(bundle.path, 'work')), bundle.workPath);
  assert.equal(statSync(bundle.path).mode & 0o777, 0o700);
  assert.equal(await bundle.readShimBinary(), '/usr/bin/shim');
  assert.equal(await bundle.readAddress(), undefined);
  await assert.rejects(
    bundle.create({ spec, shimBinary: '/usr/bin/shim' }),
    (error) => error instanceof KindError && error.kind === 'already-exists',
  );
  assert.deepEqual(readdirSync(join(roots.state, 'default')), ['c1']);
  await bundle.remove();
  await bundle.remove();
  assert.deepEqual([readdirSync(join(roots.state, 'default')), existsSync(bundle.workPath)], [[], false]);
});

test('a bundle of a container with mapped groups is open to the root of the container', async () => {
  using directory = new TemporaryDirectory();
  const bundle = new Bundle({ state: join(directory.path, 's'), root: join(directory.path, 'r') }, 'default', 'c1');
  const linux = { gidMappings: [{ containerID: 0, hostID: 70000, size: 1000 }] };
  await bundle.create({ spec: Buffer.from(JSON.stringify({ linux })), shimBinary: '/bin/true' });
  const { gid, mode } = statSync(bundle.path);
  assert.deepEqual([gid, mode & 0o777], [70000, 0o710]);
});

test('removal takes mounts off and never follows them', async () => {
  using directory = new TemporaryDirectory();
  const precious = join(directory.path, 'precious');
  mkdirSync(precious);
  writeFileSync(join(precious, 'file'), 'kept');
  const bundle = new Bundle({ state: join(directory.path, 's'), root: join(directory.path, 'r') }, 'default', 'c1');
  await bundle.create({ spec: undefined, shimBinary: '/bin/true' });
  mkdirSync(join(bundle.path, 'deep', 'er'), { recursive: true });
  for (const target of ['rootfs', 'rootfs', 'deep/er']) await mountAll([bind(precious)], join(bundle.path, target));
  await bundle.remove();
  assert.equal(existsSync(bundle.path), false);
  assert.equal(readFileSync(join(precious, 'file'), 'utf8'), 'kept');
});

test('a group names the socket of those who share a shim', async () => {
  using directory = new TemporaryDirectory();
  const roots = { state: join(directory.path, 's'), root: join(directory.path, 'r') };
  const annotations = { 'io.kubernetes.cri.sandbox-id': 'pod1' };
  const member = new Bundle(roots, 'k8s.io', 'c1');
  await member.create({ spec: Buffer.from(JSON.stringify({ annotations })), shimBinary: '/bin/true' });
  const loner = new Bundle(roots, 'k8s.io', 'c2');
  await loner.create({ spec: Buffer.from('not JSON'), shimBinary: '/bin/true' });
  assert.deepEqual([await member.readGroup(), await loner.readGroup()], ['pod1', 'c2']);
});
