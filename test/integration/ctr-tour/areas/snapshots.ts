import { distinct, only, replaced, sorted, sortedLabels } from '../normalise.ts';
import { ctr, sh, type TourArea, type TourStep } from '../tour-step.ts';
import { pullImage } from './words.ts';

/** The numbers in an overlay's directories and in device names. */
const places = replaced(/snapshots\/\d+/g, 'snapshots/{n}');

/** When something was written, unless that is no matter. */
const today = replaced(/20\d\d-\d\d-\d\d \d\d:\d\d/g, '{time}');

/** The digests of what has just been written hold its times. */
const diffs = replaced(/sha256:[0-9a-f]{64}(?: [\d.]+k?B)?/g, '{blob}');

/** Prepare, write, look, commit, remove: the life of snapshots in one snapshotter. */
function life(snapshotter: string): TourStep[] {
  const of = (words: string, rest: Partial<TourStep> = {}): TourStep =>
    ctr(`snapshots --snapshotter ${snapshotter} ${words}`, rest);
  const at = (name: string, script: string, rest: Partial<TourStep> = {}): TourStep =>
    sh(`${snapshotter}: ${name}`, script, rest);
  const mounted = (words: string, script: string): string =>
    `set -e; mkdir -p mnt; {ctr} snapshots --snapshotter ${snapshotter} ${words} | sh; ${script}; umount mnt`;
  return [
    of('prepare a'),
    of('prepare a', { name: `prepare a again in ${snapshotter}`, code: 1 }),
    of('prepare b missing', { code: 1 }),
    of('info a'),
    of('mounts {daemon}/mnt a', { normalise: [places] }),
    of('mounts {daemon}/mnt missing', { code: 1 }),
    at(
      'writing into a',
      mounted('mounts mnt a', 'mkdir mnt/d; echo one >mnt/d/one; echo two >mnt/two; ln -s two mnt/l'),
    ),
    of('usage a'),
    of('usage -b a', { normalise: [sorted] }),
    of('diff a', { name: `diff of a in ${snapshotter}`, normalise: [only(/^$/)] }),
    of('commit b a'),
    of('commit b a', { name: `commit again in ${snapshotter}`, code: 1 }),
    of('prepare --target {daemon}/mnt c b', { normalise: [places] }),
    of('prepare --mounts e b', { normalise: [places] }),
    at('changing c', mounted('mounts mnt c', `rm mnt/two; echo more >>mnt/d/one; echo ${snapshotter} >mnt/three`)),
    of('view --target {daemon}/mnt v b', { normalise: [places] }),
    // For else it may go at any time.
    of('label v containerd.io/gc.root=tour'),
    at('what the view shows', mounted('mounts mnt v', 'ls -R mnt; cat mnt/d/one')),
    of('commit w v', { code: 1 }),
    of('tree'),
    of('ls', { normalise: [sorted] }),
    of('info b'),
    of('info v'),
    of('info missing', { code: 1 }),
    of('label b colour=green size=5', { normalise: [sortedLabels] }),
    of('label b colour=', { normalise: [sortedLabels] }),
    of('label missing a=b', { code: 1 }),
    of('usage', { normalise: [sorted] }),
    // First of all: a blob that is there already keeps the labels that it has.
    of('diff --keep --label colour=green --ref diff-{id} c', { normalise: [only(/^$/)] }),
    at(
      'the difference of c to its parent',
      `{ctr} snapshots --snapshotter ${snapshotter} diff c | gunzip | tar -tv | sort -k 6`,
      { normalise: [today] },
    ),
    at(
      'the difference of c to b, not compressed',
      `{ctr} snapshots --snapshotter ${snapshotter} diff --media-type application/vnd.oci.image.layer.v1.tar b c | tar -tv | sort -k 6`,
      { normalise: [today] },
    ),
    of('diff missing', { code: 1 }),
    of('diff --media-type text/plain c', { code: 1 }),
    of('rm b', { code: 1 }),
    of('rm missing', { code: 1 }),
    of('rm c e v'),
    of('rm b', { name: `rm b in the end of ${snapshotter}` }),
    of('ls', { name: `ls in the end of ${snapshotter}` }),
  ];
}

/** Snapshots by hand, in both snapshotters, and those of images. */
export const snapshots: TourArea = {
  name: 'snapshots',
  steps: [
    ctr('snapshots ls'),
    ctr('snapshots --snapshotter none ls', { code: 1 }),
    ...life('overlayfs'),
    ...life('native'),
    ctr('content ls', { normalise: [diffs, sortedLabels, sorted, distinct] }),
    ctr('content fetch --plain-http {plain}/lab/layers:3', { normalise: [only(/^$/)] }),
    ctr('snapshots unpack {three}'),
    ctr('snapshots unpack --snapshotter native {three}'),
    ctr('snapshots unpack {layer}', { code: 1 }),
    ctr('snapshots ls', { name: 'snapshots ls after unpacking', normalise: [sorted] }),
    ctr('snapshots tree', { name: 'snapshots tree after unpacking' }),
    ctr('snapshots usage', { name: 'snapshots usage after unpacking', normalise: [sorted] }),
    ctr('snapshots --snapshotter native usage', { name: 'snapshots usage in native', normalise: [sorted] }),
    ctr('snapshots --snapshotter overlayfs prepare --target {daemon}/mnt image {chain}', { normalise: [places] }),
    sh(
      'what the image became',
      `set -e; mkdir -p mnt; {ctr} snapshots mounts mnt image | sh; find mnt -printf '%M %n %U:%G %s %P %l\\n'; umount mnt`,
      { normalise: [sorted] },
    ),
    ctr('snapshots rm image'),
    ...pullImage,
    ctr('snapshots ls', { name: 'snapshots ls after pulling', normalise: [sorted] }),
  ],
};
