import type { GcLab, Remains } from './gc-lab.ts';

const a = 'docker.io/lab/a:1';
const b = 'docker.io/lab/b:1';
const past = '2020-01-01T00:00:00Z';

/** What was there after a step. */
export interface GcStep {
  readonly step: string;
  readonly remains: Remains;
}

/** Deletes all sorts of things and notes what each deletion leaves. Every step ends with a collection that was waited for. */
export async function gcTranscript(lab: GcLab): Promise<GcStep[]> {
  const steps: GcStep[] = [];
  const note = async (step: string): Promise<void> => {
    steps.push({ step, remains: await lab.remains() });
  };
  const archive = await lab.archive();
  await images(lab, archive, note);
  await leases(lab, archive, note);
  await containers(lab, archive, note);
  await strays(lab, archive, note);
  return steps;
}

type Note = (step: string) => Promise<void>;

async function load(lab: GcLab, archive: string): Promise<void> {
  await lab.ctr.ok(['image', 'import', archive]);
}

async function images(lab: GcLab, archive: string, note: Note): Promise<void> {
  await load(lab, archive);
  await lab.collect();
  await note('two images');
  await lab.ctr.ok(['images', 'rm', '--sync', a]);
  await note('one image, which keeps the layer that they share');
  await lab.ctr.ok(['images', 'rm', '--sync', b]);
  await note('no image');
}

async function leases(lab: GcLab, archive: string, note: Note): Promise<void> {
  const { leases: service, options } = lab;
  await load(lab, archive);
  const { target, snapshot } = await parts(lab, a);
  await lab.ctr.ok(['leases', 'create', '--id', 'deep', '--expires', '0']);
  await service.addResource({ id: 'deep', resource: { type: 'content', id: target } }, options);
  await lab.ctr.ok(['images', 'rm', '--sync', a, b]);
  await note('a lease keeps a manifest and all beneath it');
  await lab.ctr.ok(['leases', 'rm', '--sync', 'deep']);
  await note('the lease is gone');
  await load(lab, archive);
  await service.create({ id: 'flat', labels: new Map([['containerd.io/gc.flat', '2026-01-01']]) }, options);
  await service.addResource({ id: 'flat', resource: { type: 'content', id: target } }, options);
  await service.addResource({ id: 'flat', resource: { type: 'snapshots/overlayfs', id: snapshot } }, options);
  await lab.ctr.ok(['images', 'rm', '--sync', a, b]);
  await note('a flat lease keeps a manifest, and a snapshot with its parents');
  await service.deleteResource({ id: 'flat', resource: { type: 'snapshots/overlayfs', id: snapshot } }, options);
  await lab.collect();
  await note('the flat lease does not list the snapshot any more');
  await service.create({ id: 'over', labels: new Map([['containerd.io/gc.expire', past]]) }, options);
  await lab.content.info({ digest: target }, options);
  await service.addResource({ id: 'over', resource: { type: 'content', id: target } }, options);
  await service.delete({ id: 'flat', sync: true }, options);
  await note('a lease that has expired keeps nothing');
}

async function containers(lab: GcLab, archive: string, note: Note): Promise<void> {
  await load(lab, archive);
  await lab.ctr.ok(['run', '--detach', a, 'gc-c1', 'sleep', '1000']);
  const { snapshot } = await parts(lab, b);
  await lab.ctr.ok(['snapshots', 'prepare', 'gc-s1', snapshot]);
  await lab.ctr.ok(['images', 'rm', '--sync', a, b]);
  await note('a container and a snapshot with a root label keep their snapshots');
  await lab.ctr.ok(['task', 'exec', '--exec-id', 'gc-e1', 'gc-c1', 'cat', '/a']);
  await lab.ctr.ok(['task', 'rm', '--force', 'gc-c1']);
  await lab.ctr.ok(['containers', 'rm', 'gc-c1']);
  await lab.collect();
  await note('the container is gone');
  await lab.ctr.ok(['snapshots', 'rm', 'gc-s1']);
  await lab.collect();
  await note('the snapshot is gone');
}

/** What nobody refers to, or only labels that are taken away. */
async function strays(lab: GcLab, archive: string, note: Note): Promise<void> {
  const { options } = lab;
  await load(lab, archive);
  await lab.ctr.ok(['content', 'prune', 'references']);
  await note('the references to layers are gone');
  const { target } = await parts(lab, a);
  const labels = new Map([['containerd.io/gc.expire', past]]);
  const descriptor = {
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    digest: target,
    size: 1n,
    annotations: new Map(),
  };
  await lab.images.create(
    {
      image: { name: 'over', labels, target: descriptor, createdAt: undefined, updatedAt: undefined },
      sourceDateEpoch: undefined,
    },
    options,
  );
  await lab.ctr.ok(['images', 'rm', '--sync', a]);
  await note('an image that has expired keeps nothing');
  await lab.ctr.ok(['content', 'ingest', 'gc-i1'], { input: 'nobody refers to this' });
  await lab.snapshots.prepare({ snapshotter: 'overlayfs', key: 'gc-s2', parent: '', labels: new Map() }, options);
  await lab.collect();
  await note('content and a snapshot without a reference are gone');
  await lab.ctr.ok(['images', 'rm', '--sync', b]);
  await note('nothing');
}

/** An image's target and its topmost snapshot. */
async function parts(lab: GcLab, name: string): Promise<{ target: string; snapshot: string }> {
  const { image } = await lab.images.get({ name }, lab.options);
  const target = image?.target?.digest ?? '';
  for await (const { info } of lab.content.list({ filters: [] }, lab.options)) {
    for (const { labels } of info) {
      const snapshot = labels.get('containerd.io/gc.ref.snapshot.overlayfs');
      const config = (await lab.ctr.ok(['content', 'get', target])).includes(
        info.find((one) => one.labels === labels)?.digest ?? '-',
      );
      if (snapshot !== undefined && config) return { target, snapshot };
    }
  }
  throw new Error(`${name} is not unpacked`);
}
