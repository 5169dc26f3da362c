import { tar, type TarEntry, tarEnd, tarEntry } from './tar-writer.ts';

/** Layers that must not get out of their root, spoil the machine or be taken for whole; each a tar stream. */
export interface HostileLayer {
  readonly title: string;
  /** `contained` may be unpacked, with nothing outside of the root; `refused` must fail with an error. `either` may do one of both. */
  readonly expectation: 'contained' | 'refused' | 'either';
  readonly tar: Buffer;
}

function layer(title: string, expectation: HostileLayer['expectation'], entries: readonly TarEntry[]): HostileLayer {
  return { title, expectation, tar: tar(entries) };
}

/**
 * The collection. `canary` is an absolute path outside of any root that exists and that nobody else uses: an escape would write
 * to it or beside it, so a test compares it before and after.
 */
export function hostileLayers(canary: string): HostileLayer[] {
  const up = `${'../'.repeat(30)}${canary.slice(1)}`;
  const whole = tar([{ name: 'file', content: 'x'.repeat(5000) }]);
  return [
    layer('".." in a name', 'either', [{ name: up, content: 'escaped' }]),
    layer('".." behind a directory', 'either', [
      { name: 'd/', type: 'directory' },
      { name: `d/${up}`, content: 'escaped' },
    ]),
    layer('an absolute name', 'contained', [{ name: canary, content: 'escaped' }]),
    layer('a file written through an absolute symlink', 'contained', [
      { name: 'link', type: 'symlink', linkName: canary },
      { name: 'link', content: 'escaped' },
    ]),
    layer('a file below a symlinked directory', 'either', [
      { name: 'link', type: 'symlink', linkName: canary.slice(0, canary.lastIndexOf('/')) },
      { name: `link/${canary.slice(canary.lastIndexOf('/') + 1)}`, content: 'escaped' },
    ]),
    layer('a file below a symlink of ".."', 'either', [
      { name: 'link', type: 'symlink', linkName: up.slice(0, up.lastIndexOf('/')) },
      { name: `link/${canary.slice(canary.lastIndexOf('/') + 1)}`, content: 'escaped' },
    ]),
    layer('a hard link to the outside, then a write', 'either', [
      { name: 'link', type: 'hardlink', linkName: up },
      { name: 'link', content: 'escaped' },
    ]),
    layer('an absolute hard link', 'either', [{ name: 'link', type: 'hardlink', linkName: canary }]),
    layer('a hard link through a symlink to the outside', 'either', [
      { name: 'link', type: 'symlink', linkName: canary },
      { name: 'hard', type: 'hardlink', linkName: 'link' },
      { name: 'hard', content: 'escaped' },
    ]),
    layer('a whiteout of the outside', 'either', [
      { name: `${up.slice(0, up.lastIndexOf('/'))}/.wh.${up.slice(up.lastIndexOf('/') + 1)}` },
    ]),
    layer('whiteouts of nothing, of "." and of ".."', 'either', [
      { name: '.wh.absent' },
      { name: '.wh..' },
      { name: '.wh...' },
    ]),
    layer('an opaque whiteout of the root', 'contained', [{ name: '.wh..wh..opq' }]),
    layer('a whiteout below a symlink to the outside', 'either', [
      { name: 'link', type: 'symlink', linkName: canary.slice(0, canary.lastIndexOf('/')) },
      { name: `link/.wh.${canary.slice(canary.lastIndexOf('/') + 1)}` },
    ]),
    layer('devices', 'contained', [
      { name: 'null', type: 'character', deviceMajor: 1, deviceMinor: 3 },
      { name: 'disk', type: 'block', deviceMajor: 254, deviceMinor: 0 },
      { name: 'fifo', type: 'fifo' },
    ]),
    layer('modes with every bit', 'contained', [
      { name: 'all', mode: 0o7777, content: 'x' },
      { name: 'more', mode: 0o177777, content: 'x' },
      { name: 'closed/', type: 'directory', mode: 0 },
      { name: 'closed/in', content: 'x' },
    ]),
    layer('an unknown type of entry', 'either', [{ name: 'odd', type: 'Z', content: 'x' }]),
    layer('a name of an overlay whiteout attribute', 'either', [
      { name: 'd/', type: 'directory', xattrs: { 'trusted.overlay.redirect': '/etc', 'trusted.overlay.opaque': 'y' } },
    ]),
    layer('a symlink loop with a file below', 'either', [
      { name: 'a', type: 'symlink', linkName: 'b' },
      { name: 'b', type: 'symlink', linkName: 'a' },
      { name: 'a/file', content: 'x' },
    ]),
    layer('a very long name', 'either', [{ name: 'n'.repeat(300), content: 'x' }]),
    layer('an empty name and "."', 'either', [{ name: '' }, { name: './', type: 'directory' }]),
    { title: 'a stream cut within a file', expectation: 'refused', tar: whole.subarray(0, 2000) },
    { title: 'a stream cut within a header', expectation: 'refused', tar: whole.subarray(0, 300) },
    { title: 'a broken checksum', expectation: 'refused', tar: broken(whole) },
    {
      title: 'a header that claims more than there is',
      expectation: 'refused',
      tar: Buffer.concat([tarEntry({ name: 'file', size: 8 ** 11 - 1, content: 'x' }), tarEnd]),
    },
    { title: 'a stream that is no tar', expectation: 'refused', tar: Buffer.alloc(10_240, 'no tar at all. ') },
  ];
}

function broken(stream: Buffer): Buffer {
  const copy = Buffer.from(stream);
  copy[0] = (copy[0] ?? 0) ^ 0xff;
  return copy;
}
