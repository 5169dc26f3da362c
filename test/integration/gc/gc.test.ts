import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GcLab } from './gc-lab.ts';
import { gcLabelsTranscript } from './gc-labels-transcript.ts';
import { gcTranscript } from './gc-transcript.ts';

// The real containerd comes first: it judges what is expected.
const kinds = ['2.1.9', 'gantry'] as const;

// What we mean to keep though containerd 2.1.9 does not, by the beginning of the step's name, and why.
const deliberate = new Map([
  ['holder: containerd.io/gc.ref.snapshot.overlayfs.x', 'documented'],
  ['target: containerd.io/gc.expire=2100', 'documented'],
  ['snapshot: containerd.io/gc.expire=2100', 'documented'],
  ['target: containerd.io/gc.bref.content', 'new in containerd 2.2'],
  ['snapshot: containerd.io/gc.bref.content.x', 'new in containerd 2.2'],
]);

async function onEach<T>(work: (lab: GcLab) => Promise<T>): Promise<readonly [theirs: T, ours: T]> {
  const results: T[] = [];
  for (const kind of kinds) {
    await using lab = await GcLab.start(kind);
    results.push(await work(lab));
  }
  return results as [T, T];
}

await test('each deletion leaves what it leaves in containerd 2.1.9', async () => {
  const [theirs, ours] = await onEach(gcTranscript);
  // What the transcript is about happens.
  const last = theirs.at(-1)?.remains;
  assert.deepEqual(last, { images: [], leases: [], content: [], snapshots: [], blobs: [], ingests: 0, directories: 0 });
  assert.deepEqual(ours, theirs);
});

await test('each label keeps what it keeps in containerd 2.1.9', async () => {
  const [theirs, ours] = await onEach(gcLabelsTranscript);
  for (const [step, kept] of Object.entries(theirs)) {
    const differs = [...deliberate.keys()].some((start) => step.startsWith(start));
    if (differs) assert.notEqual(ours[step], kept, `${step} is no difference any more`);
    else assert.equal(ours[step], kept, step);
  }
});

/** So many events from now on. */
async function nextEvents(lab: GcLab, count: number): Promise<{ readonly told: Promise<string[]> }> {
  const stop = new AbortController();
  const subscribed = new AbortController();
  const read = async (): Promise<string[]> => {
    const told: string[] = [];
    for await (const { topic, event } of lab.events.subscribe({ filters: [] }, { signal: stop.signal })) {
      if (topic === '/probe') subscribed.abort();
      else told.push(`${topic} ${event?.typeUrl ?? ''} ${Buffer.from(event?.value ?? []).toString('latin1')}`);
      if (told.length === count) break;
    }
    stop.abort();
    return told;
  };
  const told = read();
  const probe = { topic: '/probe', event: { typeUrl: 'x', value: new Uint8Array() } };
  while (!subscribed.signal.aborted) await lab.events.publish(probe, lab.options);
  return { told };
}

await test('a plain deletion is collected by and by, which subscribers are told', async () => {
  const [theirs, ours] = await onEach(async (lab) => {
    await lab.ctr.ok(['image', 'import', await lab.archive()]);
    // Containerd may forget a deletion during a collection, so there is one alone after each that was waited for.
    await lab.collect();
    const first = await nextEvents(lab, 4);
    const labels = new Map([['containerd.io/gc.expire', '2020-01-01T00:00:00Z']]);
    const target = {
      mediaType: 'm',
      digest: `sha256:${'0'.repeat(64)}`,
      size: 1n,
      annotations: new Map<string, string>(),
    };
    const image = { name: 'over', labels, target, createdAt: undefined, updatedAt: undefined };
    await lab.images.create({ image, sourceDateEpoch: undefined }, lab.options);
    await lab.images.delete({ name: 'docker.io/lab/b:1', sync: false, target: undefined }, lab.options);
    const lines = (await first.told).sort();
    await lab.collect();
    const second = await nextEvents(lab, 3);
    await lab.images.delete({ name: 'docker.io/lab/a:1', sync: false, target: undefined }, lab.options);
    lines.push(...(await second.told).sort());
    await lab.collect();
    return { told: lines, left: await lab.remains() };
  });
  assert.deepEqual(
    theirs.told.map((line) => line.split(' ')[0]),
    [
      ...['/images/create', '/images/delete', '/images/delete', '/snapshot/remove'],
      ...['/images/delete', '/snapshot/remove', '/snapshot/remove'],
    ],
  );
  assert.deepEqual(ours, theirs);
});
