import { KindError } from '../errors/kind-error.ts';
import type { Mount } from '../mounts/mount.ts';

/** A mount's options as mount(2) takes them. */
export interface MountOptions {
  readonly flags: number;
  /** One of the propagation flags with or without MS_REC, each applied by a call of its own. */
  readonly propagation: readonly number[];
  /** What the filesystem itself reads. */
  readonly data: readonly string[];
}

/** Flags of mount(2): linux/mount.h. */
export const mountFlags = {
  rdonly: 1,
  nosuid: 2,
  nodev: 4,
  noexec: 8,
  synchronous: 16,
  remount: 32,
  mandlock: 64,
  dirsync: 128,
  noatime: 1024,
  nodiratime: 2048,
  bind: 4096,
  rec: 16384,
  unbindable: 1 << 17,
  private: 1 << 18,
  slave: 1 << 19,
  shared: 1 << 20,
  relatime: 1 << 21,
  strictatime: 1 << 24,
} as const;

const f = mountFlags;

/** Options that set flags and those that clear them. */
const words: ReadonlyMap<string, { set?: number; clear?: number }> = new Map([
  ['async', { clear: f.synchronous }],
  ['atime', { clear: f.noatime }],
  ['bind', { set: f.bind }],
  ['defaults', {}],
  ['dev', { clear: f.nodev }],
  ['diratime', { clear: f.nodiratime }],
  ['dirsync', { set: f.dirsync }],
  ['exec', { clear: f.noexec }],
  ['mand', { set: f.mandlock }],
  ['noatime', { set: f.noatime }],
  ['nodev', { set: f.nodev }],
  ['nodiratime', { set: f.nodiratime }],
  ['noexec', { set: f.noexec }],
  ['nomand', { clear: f.mandlock }],
  ['norelatime', { clear: f.relatime }],
  ['nostrictatime', { clear: f.strictatime }],
  ['nosuid', { set: f.nosuid }],
  ['rbind', { set: f.bind | f.rec }],
  ['relatime', { set: f.relatime }],
  ['remount', { set: f.remount }],
  ['ro', { set: f.rdonly }],
  ['rw', { clear: f.rdonly }],
  ['strictatime', { set: f.strictatime }],
  ['suid', { clear: f.nosuid }],
  ['sync', { set: f.synchronous }],
]);

const propagations: ReadonlyMap<string, number> = new Map([
  ['private', f.private],
  ['rprivate', f.private | f.rec],
  ['shared', f.shared],
  ['rshared', f.shared | f.rec],
  ['slave', f.slave],
  ['rslave', f.slave | f.rec],
  ['unbindable', f.unbindable],
  ['runbindable', f.unbindable | f.rec],
]);

/**
 * Sorts a mount's options into flags, propagation and data.
 * @throws KindError `unimplemented` for `loop`, `uidmap=` and `gidmap=`, which need more than a mount call.
 */
export function parseMountOptions(mount: Mount): MountOptions {
  let flags = 0;
  const propagation: number[] = [];
  const data: string[] = [];
  for (const option of mount.options) {
    const word = words.get(option);
    const change = propagations.get(option);
    if (word) flags = (flags | (word.set ?? 0)) & ~(word.clear ?? 0);
    else if (change !== undefined) propagation.push(change);
    else if (option === 'loop' || option.startsWith('uidmap=') || option.startsWith('gidmap=')) {
      throw new KindError('unimplemented', `mount option "${option}" of ${mount.type} mount ${mount.source}`);
    } else if (option !== '' && !option.startsWith('X-containerd.')) data.push(option);
  }
  return { flags, propagation, data };
}
