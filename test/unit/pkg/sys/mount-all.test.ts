import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Mount } from '../../../../pkg/mounts/mount.ts';
import { mountAll } from '../../../../pkg/sys/mount-all.ts';
import { unmountAll } from '../../../../pkg/sys/unmount.ts';

async function inDirectory(run: (directory: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-mount-'));
  try {
    await run(directory);
  } finally {
    for (const mounted of mountsBeneath(directory).toReversed()) await unmountAll(mounted, { detach: true });
    rmSync(directory, { recursive: true });
  }
}

function mountsBeneath(directory: string): string[] {
  const points = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '');
  return points.filter((point) => point.startsWith(directory));
}

function make(...paths: readonly string[]): string {
  const path = join(...paths);
  mkdirSync(path, { recursive: true });
  return path;
}

const bind = (source: string, ...options: string[]): Mount => ({
  type: 'bind',
  source,
  target: '',
  options: ['rbind', ...options],
});

test('a read-only bind mount, and its end', () =>
  inDirectory(async (directory) => {
    const [source, target] = [make(directory, 's'), make(directory, 't')];
    writeFileSync(join(source, 'f'), 'x');
    await mountAll([bind(source, 'ro', 'nosuid')], target);
    assert.deepEqual(readdirSync(target), ['f']);
    assert.throws(() => writeFileSync(join(target, 'g'), ''), { code: 'EROFS' });
    await unmountAll(target);
    assert.deepEqual(readdirSync(target), []);
    await unmountAll(target);
    await unmountAll(join(directory, 'nowhere'));
  }));

test('tmpfs with data, and several mounts on one place taken off together', () =>
  inDirectory(async (directory) => {
    const target = make(directory, 't');
    const tmpfs: Mount = { type: 'tmpfs', source: 'tmpfs', target: '', options: ['size=64k', 'mode=0700', 'noexec'] };
    await mountAll([tmpfs, tmpfs], target);
    assert.equal(mountsBeneath(target).length, 2);
    await unmountAll(target);
    assert.equal(mountsBeneath(target).length, 0);
  }));

test('a target inside the root is resolved within it', () =>
  inDirectory(async (directory) => {
    const [source, root] = [make(directory, 's'), make(directory, 'root')];
    make(root, 'real');
    symlinkSync('/real', join(root, 'link'));
    await mountAll([{ ...bind(source), target: '../link' }], root);
    assert.deepEqual(mountsBeneath(directory), [join(root, 'real')]);
  }));

test('a failed mount takes those before it off', () =>
  inDirectory(async (directory) => {
    const [source, target] = [make(directory, 's'), make(directory, 't')];
    await assert.rejects(mountAll([bind(source), bind(join(directory, 'nowhere'))], target), {
      code: 'ENOENT',
      syscall: 'mount',
      path: target,
    });
    assert.deepEqual(mountsBeneath(directory), []);
  }));

test('options that need more than a mount call are refused by name', () =>
  inDirectory(async (directory) => {
    await assert.rejects(mountAll([bind(directory, 'loop')], directory), { kind: 'unimplemented' });
  }));

async function overlay(directory: string, lower: readonly string[]): Promise<void> {
  const [upper, work, target] = [make(directory, 'upper'), make(directory, 'work'), make(directory, 't')];
  const options = [`workdir=${work}`, `upperdir=${upper}`, `lowerdir=${lower.join(':')}`, 'index=off', 'volatile'];
  await mountAll([{ type: 'overlay', source: 'overlay', target: '', options }], target);
  const expected = lower.map((path) => readdirSync(path)[0]);
  assert.deepEqual(readdirSync(target).sort(), expected.sort());
  writeFileSync(join(target, 'new'), '');
  assert.deepEqual(readdirSync(upper), ['new']);
}

function makeLayers(directory: string, count: number, name: (index: number) => string): string[] {
  return Array.from({ length: count }, (_, index) => {
    const path = make(directory, name(index));
    writeFileSync(join(path, `file-${index}`), '');
    return path;
  });
}

test('an overlay of 120 layers: relative lower directories', () =>
  inDirectory((directory) =>
    overlay(
      directory,
      makeLayers(directory, 120, (index) => join('snapshots', String(index), 'fs')),
    ),
  ));

test('an overlay whose options pass a page even so: a call for each parameter', () =>
  inDirectory((directory) =>
    overlay(
      directory,
      makeLayers(directory, 60, (index) => `${index}-${'x'.repeat(150)}`),
    ),
  ));

test('a short overlay', () => inDirectory((directory) => overlay(directory, makeLayers(directory, 2, String))));
