import { createHash } from 'node:crypto';
import type { GcLab } from './gc-lab.ts';

const gc = 'containerd.io/gc.';
const target = `sha256:${createHash('sha256').update('target').digest('hex')}`;
const holder = `sha256:${createHash('sha256').update('holder').digest('hex')}`;

/** A label on a blob that stays, or on the thing itself, and what it is about. */
export const labelForms: readonly (readonly [on: 'holder' | 'target' | 'snapshot', label: string, value: string])[] = [
  ['holder', `${gc}ref.content`, target],
  ['holder', `${gc}ref.content.l.1`, target],
  ['holder', `${gc}ref.content/x`, target],
  ['holder', `${gc}ref.content-x`, target],
  ['holder', `${gc}ref.contents`, target],
  ['holder', `${gc}ref.snapshot.overlayfs`, 's'],
  ['holder', `${gc}ref.snapshot.overlayfs/x/y`, 's'],
  ['holder', `${gc}ref.snapshot.overlayfs.x`, 's'],
  ['holder', `${gc}ref.snapshot.native`, 's'],
  ['holder', `${gc}ref.snapshot`, 's'],
  ['holder', `${gc}ref.image`, 'i'],
  ['holder', `${gc}ref.image.x`, 'i'],
  ['holder', `${gc}ref.image/x`, 'i'],
  ['holder', `${gc}ref.images`, 'i'],
  ['holder', `${gc}bref.content`, target],
  ['target', `${gc}root`, 'no'],
  ['target', `${gc}expire`, '2100-01-01T00:00:00Z'],
  ['target', `${gc}expire`, '2020-01-01T00:00:00Z'],
  ['target', `${gc}bref.content`, holder],
  ['snapshot', `${gc}root`, 'no'],
  ['snapshot', `${gc}expire`, '2100-01-01T00:00:00Z'],
  ['snapshot', `${gc}bref.content.x`, holder],
];

/** For each form of label: which of a blob, a snapshot and an image that has expired a collection leaves. */
export async function gcLabelsTranscript(lab: GcLab): Promise<Record<string, string>> {
  const results: Record<string, string> = {};
  for (const [on, label, value] of labelForms) {
    await make(lab, on, [label, value]);
    await lab.collect();
    const left = await lab.remains();
    results[`${on}: ${label}=${value}`] = [
      ...(left.content.includes(target) ? ['content'] : []),
      ...left.snapshots.map((line) => line.split(' ')[0]),
      ...left.images,
    ].join(' ');
    await clear(lab);
  }
  return results;
}

async function make(lab: GcLab, on: string, label: readonly [string, string]): Promise<void> {
  const { options } = lab;
  const lease = 'making';
  await lab.leases.create({ id: lease, labels: new Map() }, options);
  const leased = { ...options, lease };
  await lab.upload('holder', new Map([[`${gc}root`, 'x'], ...(on === 'holder' ? [label] : [])]), leased);
  await lab.upload('target', new Map(on === 'target' ? [label] : []), leased);
  const labels = new Map(on === 'snapshot' ? [label] : []);
  await lab.snapshots.prepare({ snapshotter: 'overlayfs', key: 's', parent: '', labels }, leased);
  const descriptor = { mediaType: 'm', digest: holder, size: 6n, annotations: new Map<string, string>() };
  const expired = new Map([[`${gc}expire`, '2020-01-01T00:00:00Z']]);
  const image = { name: 'i', labels: expired, target: descriptor, createdAt: undefined, updatedAt: undefined };
  await lab.images.create({ image, sourceDateEpoch: undefined }, leased);
  await lab.leases.delete({ id: lease, sync: false }, options);
}

async function clear(lab: GcLab): Promise<void> {
  const { options } = lab;
  const ignore = (): undefined => undefined;
  for (const digest of [holder, target]) await lab.content.delete({ digest }, options).catch(ignore);
  await lab.snapshots.remove({ snapshotter: 'overlayfs', key: 's' }, options).catch(ignore);
  await lab.images.delete({ name: 'i', sync: true, target: undefined }, options).catch(ignore);
}
