import assert from 'node:assert/strict';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeEntry, type MadeEntry } from '../../pkg/tar/make-tar.ts';
import { LayerLab } from './layer-lab.ts';
import { readTree } from './read-tree.ts';

const lab = new LayerLab();
const refused = { kind: 'invalid-argument' };

/** A root with a neighbour that nothing may touch. */
function fortress(): { root: string; outside: string; check: () => void } {
  const directory = lab.make();
  const [root, outside] = [join(directory, 'root'), join(directory, 'outside')];
  mkdirSync(root);
  mkdirSync(outside);
  writeFileSync(join(outside, 'secret'), 'untouched');
  const before = readTree(outside);
  const check = (): void => {
    assert.deepEqual(readTree(outside), before);
    assert.deepEqual(readdirSync(directory).sort(), ['outside', 'root']);
  };
  return { root, outside, check };
}

test('names that climb or are absolute end up inside', async () => {
  const { root, check } = fortress();
  const names = ['../outside/a', '/outside/b', '../../../../../../outside/c', 'x/../../outside/d', './/./outside//e'];
  await lab.extract(
    names.map((name) => ({ name, data: 'x' })),
    { root },
  );
  assert.deepEqual(readdirSync(join(root, 'outside')).sort(), ['a', 'b', 'c', 'd', 'e']);
  check();
});

test('names that mean the root itself are passed over', async () => {
  const { root } = await lab.extract(
    ['/', '.', '..', './', '../..', 'a/..'].map((name) => ({ name, type: '5', mode: 0 })),
  );
  assert.deepEqual(readdirSync(root), []);
});

test('symlinks on the way lead no further than the root', async () => {
  const { root, outside, check } = fortress();
  for (const [index, target] of [
    outside,
    '../outside',
    '../../../../../..' + outside,
    '/proc/self/root' + outside,
  ].entries()) {
    const link = `link${index}`;
    await lab.extract(
      [
        { name: link, type: '2', linkName: target },
        { name: `${link}/new`, data: 'x' },
        { name: `${link}/secret`, data: 'x' },
      ],
      { root },
    );
    check();
  }
  assert.ok(existsSync(join(root, outside, 'new')));
});

test('an absolute symlink to a directory of the layer is followed within it', async () => {
  const { root } = await lab.extract([
    { name: 'run', type: '5', mode: 0o755 },
    { name: 'var/run', type: '2', linkName: '/run' },
    { name: 'var/run/pid', data: '1' },
    { name: 'dangling', type: '2', linkName: '../made/later' },
    { name: 'dangling/file', data: '2' },
  ]);
  assert.equal(readFileSync(join(root, 'run/pid'), 'utf8'), '1');
  assert.equal(readFileSync(join(root, 'made/later/file'), 'utf8'), '2');
});

test('a file replaces a symlink instead of writing through it', async () => {
  const { root, outside, check } = fortress();
  for (const type of ['0', '7']) {
    await lab.extract(
      [
        { name: 'passwd', type: '2', linkName: join(outside, 'secret') },
        { name: 'passwd', type, data: 'mine' },
      ],
      { root },
    );
    assert.equal(lstatSync(join(root, 'passwd')).isFile(), true);
    check();
  }
  const large = Buffer.alloc(400_000, 'x');
  await lab.extract(
    [
      { name: 'big', type: '2', linkName: join(outside, 'secret') },
      { name: 'big', data: large },
    ],
    { root },
  );
  assert.deepEqual(readFileSync(join(root, 'big')), large);
  check();
});

test('a directory entry replaces a symlink and changes nothing behind it', async () => {
  const { root, outside, check } = fortress();
  symlinkSync(outside, join(root, 'd'));
  await lab.extract([{ name: 'd', type: '5', mode: 0o700, uid: 5 }], { root });
  assert.equal(lstatSync(join(root, 'd')).isDirectory(), true);
  check();
});

test('a directory that turns into a symlink later keeps its attributes to itself', async () => {
  const { root, outside, check } = fortress();
  await lab.extract(
    [
      { name: 'd', type: '5', mode: 0o777, uid: 9 },
      { name: 'd', type: '2', linkName: outside },
    ],
    { root },
  );
  check();
});

test('a handle that was kept does not outlive the directory behind it', async () => {
  const { root } = await lab.extract([
    { name: 'a/b/one', data: '1' },
    { name: 'a', type: '2', linkName: 'c' },
    { name: 'c/b', type: '5', mode: 0o755 },
    { name: 'a/b/two', data: '2' },
  ]);
  assert.deepEqual(readdirSync(join(root, 'c/b')), ['two']);
});

test('hard links reach nothing outside', async () => {
  const { root, outside, check } = fortress();
  const targets = [
    join(outside, 'secret'),
    '../outside/secret',
    '../../outside/secret',
    '/etc/passwd',
    '/',
    '',
    'missing',
  ];
  for (const linkName of targets)
    await assert.rejects(lab.extract([{ name: 'l', type: '1', linkName }], { root }), refused, linkName);
  await assert.rejects(
    lab.extract(
      [
        { name: 'x', type: '2', linkName: outside },
        { name: 'l', type: '1', linkName: 'x/secret' },
      ],
      { root },
    ),
    refused,
  );
  await assert.rejects(
    lab.extract(
      [
        { name: 'd', type: '5' },
        { name: 'l', type: '1', linkName: 'd' },
      ],
      { root },
    ),
    refused,
  );
  check();
});

test('a hard link to a symlink links the symlink', async () => {
  const { outside, root, check } = fortress();
  await lab.extract(
    [
      { name: 's', type: '2', linkName: join(outside, 'secret') },
      { name: 'l', type: '1', linkName: 's', uid: 3, mode: 0 },
    ],
    { root },
  );
  assert.equal(readlinkSync(join(root, 'l')), join(outside, 'secret'));
  check();
});

test('whiteouts remove nothing outside, and those without a name are refused', async () => {
  const { root, outside, check } = fortress();
  for (const whiteouts of ['delete', 'overlay'] as const) {
    for (const name of ['.wh.', '.wh..', '.wh...', 'a/.wh...'])
      await assert.rejects(lab.extract([{ name }], { root, whiteouts }), refused, name);
    await lab.extract([{ name: '../outside/.wh.secret' }, { name: '../outside/.wh..wh..opq' }], { root, whiteouts });
    symlinkSync(outside, join(root, whiteouts));
    const through = [{ name: `${whiteouts}/.wh.secret` }, { name: `${whiteouts}/.wh..wh..opq` }];
    await lab.extract(through, { root, whiteouts });
    check();
  }
});

test('a path through a file is refused', async () => {
  const entries: MadeEntry[] = [
    { name: 'f', data: 'x' },
    { name: 'f/g', data: 'x' },
  ];
  await assert.rejects(lab.extract(entries), { kind: 'invalid-argument', message: /layer entry "f\/g"/ });
});

test('names beyond the limits of the kernel are refused', async () => {
  await assert.rejects(lab.extract([{ name: 'x'.repeat(256) }]), refused);
  await assert.rejects(lab.extract([{ name: 'x/'.repeat(2100) }]), refused);
  await assert.rejects(lab.extract([{ name: 's', type: '2', linkName: 'x'.repeat(5000) }]), refused);
  await assert.rejects(lab.extract([{ name: 's', type: '2', linkName: '' }]), refused);
});

test('symlinks in a circle are refused', async () => {
  const circle = [
    { name: 'a', type: '2', linkName: 'b' },
    { name: 'b', type: '2', linkName: 'a' },
    { name: 'a/x', data: '' },
  ];
  await assert.rejects(lab.extract(circle), refused);
});

test('directories nested beyond the length of a path are made and removed', async () => {
  const entries: MadeEntry[] = [];
  let link = '.';
  for (let step = 0; step < 20; step++) {
    entries.push({ name: `${link}/${'d/'.repeat(60)}e`, type: '5', mode: 0o755 });
    entries.push({ name: `l${step}`, type: '2', linkName: `${link}/${'d/'.repeat(60)}e` });
    link = `l${step}`;
  }
  const { root } = await lab.extract(entries);
  await lab.extract([{ name: '.wh.d' }], { root });
  assert.equal(existsSync(join(root, 'd')), false);
});

test('a truncated layer and one of rubbish are refused', async () => {
  await assert.rejects(lab.extract(makeEntry({ name: 'a', data: 'x'.repeat(2000) }).subarray(0, 1800)), refused);
  await assert.rejects(
    lab.extract(makeEntry({ name: 'a', data: Buffer.alloc(500_000) }).subarray(0, 300_000)),
    refused,
  );
  await assert.rejects(lab.extract(Buffer.from('rubbish'.repeat(500))), refused);
});

test('a layer does not write the state of overlayfs', async () => {
  const { root } = await lab.extract([
    { name: 'd', type: '5', pax: { 'SCHILY.xattr.trusted.overlay.redirect': '/x', 'SCHILY.xattr.user.kept': 'y' } },
  ]);
  assert.match(readTree(root)['d'] ?? '', / user\.kept=79$/);
});
