import { mountFlags } from './mount-options.ts';

/** Attributes of fsmount(2) for flags of mount(2): linux/mount.h. */
const attributes: readonly (readonly [flag: number, attribute: number])[] = [
  [mountFlags.rdonly, 0x1],
  [mountFlags.nosuid, 0x2],
  [mountFlags.nodev, 0x4],
  [mountFlags.noexec, 0x8],
  [mountFlags.noatime, 0x10],
  [mountFlags.strictatime, 0x20],
  [mountFlags.nodiratime, 0x80],
];

/** What fsmount(2) takes for the flags that mount(2) takes. */
export function mountAttributes(flags: number): number {
  return attributes.reduce((sum, [flag, attribute]) => (flags & flag ? sum | attribute : sum), 0);
}
