import { ContainersDefinition } from '../../api/gen/containerd/services/containers/v1/containers.ts';
import { ImagesDefinition, type Image } from '../../api/gen/containerd/services/images/v1/images.ts';
import { LeasesDefinition } from '../../api/gen/containerd/services/leases/v1/leases.ts';
import { NamespacesDefinition } from '../../api/gen/containerd/services/namespaces/v1/namespaces.ts';
import { rpcClient } from '../../api/rpc/rpc-client.ts';
import type { RpcTransport } from '../../api/rpc/rpc-transport.ts';
import { kindOf } from '../../pkg/errors/kind-of.ts';

/** One call and what came of it: its answer, with times and random ids left out, or its error. */
export interface TranscriptStep {
  readonly call: string;
  readonly answer?: unknown;
  readonly error?: string;
  readonly message?: string;
}

/**
 * Calls Namespaces, Images, Containers and Leases of a daemon, in namespaces `t1` and `t2` that must not be there yet, and writes down what it
 * says. Two daemons with the same contract give the same answers and errors.
 */
export async function recordsTranscript(transport: RpcTransport): Promise<readonly TranscriptStep[]> {
  const steps: TranscriptStep[] = [];
  const namespaces = rpcClient(transport, NamespacesDefinition);
  const images = rpcClient(transport, ImagesDefinition);
  const containers = rpcClient(transport, ContainersDefinition);
  const leases = rpcClient(transport, LeasesDefinition);
  const step = async (call: string, result: () => Promise<unknown>) => {
    try {
      steps.push({ call, answer: plain(await result()) });
    } catch (error) {
      steps.push({ call, error: kindOf(error), message: error instanceof Error ? error.message : String(error) });
    }
  };
  const labels = (text: Record<string, string> = {}) => new Map(Object.entries(text));
  const t1 = { namespace: 't1' };

  await step('namespaces get unknown', () => namespaces.get({ name: 't1' }));
  await step('namespaces get empty', () => namespaces.get({ name: '' }));
  await step('namespaces get bad', () => namespaces.get({ name: 'a b' }));
  await step('namespaces create', () =>
    namespaces.create({ namespace: { name: 't1', labels: labels({ a: '1', b: '' }) } }),
  );
  await step('namespaces create again', () => namespaces.create({ namespace: { name: 't1', labels: labels() } }));
  await step('namespaces create bad', () => namespaces.create({ namespace: { name: 'a b', labels: labels() } }));
  await step('namespaces create empty', () => namespaces.create({ namespace: { name: '', labels: labels() } }));
  await step('namespaces create long', () =>
    namespaces.create({ namespace: { name: 'x'.repeat(77), labels: labels() } }),
  );
  await step('namespaces create long label', () =>
    namespaces.create({ namespace: { name: 't2', labels: labels({ a: 'x'.repeat(4096) }) } }),
  );
  await step('namespaces get after long label', () => namespaces.list({ filter: 'name==zz' }));
  await step('namespaces update all', () =>
    namespaces.update({ namespace: { name: 't1', labels: labels({ c: '3' }) }, updateMask: undefined }),
  );
  await step('namespaces get', () => namespaces.get({ name: 't1' }));
  await step('namespaces update one', () =>
    namespaces.update({
      namespace: { name: 't1', labels: labels({ 'd.e/f': '4', g: '5' }) },
      updateMask: ['labels.d.e/f'],
    }),
  );
  await step('namespaces get', () => namespaces.get({ name: 't1' }));
  await step('namespaces update remove', () =>
    namespaces.update({ namespace: { name: 't1', labels: labels() }, updateMask: ['labels.c'] }),
  );
  await step('namespaces get', () => namespaces.get({ name: 't1' }));
  await step('namespaces update bad path', () =>
    namespaces.update({ namespace: { name: 't1', labels: labels() }, updateMask: ['name'] }),
  );
  await step('namespaces update bad path 2', () =>
    namespaces.update({ namespace: { name: 't1', labels: labels() }, updateMask: ['labelsx'] }),
  );
  await step('namespaces update long', () =>
    namespaces.update({ namespace: { name: 't1', labels: labels({ q: 'x'.repeat(4096) }) }, updateMask: ['labels.q'] }),
  );
  await step('namespaces update unknown', () =>
    namespaces.update({ namespace: { name: 't2', labels: labels({ y: '1' }) }, updateMask: undefined }),
  );
  await step('namespaces list', () => namespaces.list({ filter: '' }));
  await step('namespaces delete', () => namespaces.delete({ name: 't2' }));
  await step('namespaces delete again', () => namespaces.delete({ name: 't2' }));
  await step('namespaces delete empty', () => namespaces.delete({ name: '' }));

  const target = {
    mediaType: 'application/x',
    digest: `sha256:${'a'.repeat(64)}`,
    size: 3n,
    annotations: labels({ k: 'v' }),
  };
  const image = (name: string, rest: Partial<Image> = {}): Image => ({
    name,
    labels: labels(),
    target,
    createdAt: undefined,
    updatedAt: undefined,
    ...rest,
  });
  const create = (name: string, rest: Partial<Image> = {}) =>
    images.create({ image: image(name, rest), sourceDateEpoch: undefined }, t1);
  const update = (name: string, paths: string[] | undefined, rest: Partial<Image> = {}) =>
    images.update({ image: image(name, rest), updateMask: paths, sourceDateEpoch: undefined }, t1);
  await step('images no namespace', () => images.list({ filters: [] }));
  await step('images bad namespace', () => images.list({ filters: [] }, { namespace: 'a/b' }));
  await step('images get unknown', () => images.get({ name: 'i1' }, t1));
  await step('images get empty', () => images.get({ name: '' }, t1));
  await step('images get odd name', () => images.get({ name: 'a"b\n' }, t1));
  await step('images create', () => create('i1', { labels: labels({ a: '1', b: '' }) }));
  await step('images create again', () => create('i1'));
  await step('images create empty', () => create(''));
  await step('images create odd', () => create('a"b\n'));
  await step('images create bad digest', () => create('i2', { target: { ...target, digest: 'sha256:xyz' } }));
  await step('images create no digest', () => create('i2', { target: { ...target, digest: '' } }));
  await step('images create no size', () => create('i2', { target: { ...target, size: 0n } }));
  await step('images create negative', () => create('i2', { target: { ...target, size: -1n } }));
  await step('images create no type', () => create('i2', { target: { ...target, mediaType: '' } }));
  await step('images create long label', () => create('i2', { labels: labels({ a: 'x'.repeat(4096) }) }));
  await step('images create unknown lease', () =>
    images.create({ image: image('i3'), sourceDateEpoch: undefined }, { namespace: 't1', lease: 'nope' }),
  );
  await step('images get after unknown lease', () => images.get({ name: 'i3' }, t1));
  await step('images get', () => images.get({ name: 'i1' }, t1));
  await step('images update all', () =>
    update('i1', undefined, { labels: labels({ c: '1' }), target: { ...target, size: 4n, annotations: labels() } }),
  );
  await step('images update labels', () => update('i1', ['labels'], { labels: labels({ d: '1' }) }));
  await step('images update label', () => update('i1', ['labels.e.f'], { labels: labels({ 'e.f': '1', g: '2' }) }));
  await step('images update label away', () => update('i1', ['labels.d']));
  await step('images update target', () => update('i1', ['target'], { target: { ...target, size: 5n } }));
  await step('images update annotation', () =>
    update('i1', ['annotations.q'], { target: { ...target, annotations: labels({ q: '1', r: '2' }) } }),
  );
  await step('images update annotations', () =>
    update('i1', ['annotations'], { target: { ...target, size: 9n, annotations: labels({ s: '1' }) } }),
  );
  await step('images update bad path', () => update('i1', ['name']));
  await step('images update bad path 2', () => update('i1', ['labelsfoo']));
  await step('images update unknown', () => update('nope', undefined));
  await step('images update empty', () => update('', undefined));
  await step('images update bad target', () => update('i1', ['target'], { target: { ...target, digest: 'x' } }));
  await step('images create more', () => create('b'));
  await step('images create more', () => create('A'));
  await step('images create more', () => create('ä'));
  await step('images create more', () => create('\u{1F600}'));
  await step('images create more', () => create('\uFB00'));
  await step('images list', async () => (await images.list({ filters: [] }, t1)).images.map(({ name }) => name));
  for (const filter of [
    '',
    'name==b',
    'name~=^[a-z]$',
    `target.digest==sha256:${'a'.repeat(64)}`,
    'target.mediatype==application/x',
    'labels.e.f',
    'labels."e.f"==1',
    'annotations.s==1',
    'name',
    'name==(',
    'name~=(',
    'bad=',
    'name==b,labels.x',
    'name!=b',
  ])
    await step(`images list ${filter}`, async () =>
      (await images.list({ filters: [filter] }, t1)).images.map(({ name }) => name),
    );
  await step('images list two', async () =>
    (await images.list({ filters: ['name==b', 'name==A'] }, t1)).images.map(({ name }) => name),
  );
  await step('images list other namespace', () => images.list({ filters: [] }, { namespace: 't2' }));
  await step('images delete unknown', () => images.delete({ name: 'nope', sync: false, target: undefined }, t1));
  await step('images delete empty', () => images.delete({ name: '', sync: false, target: undefined }, t1));
  await step('images delete other target', () =>
    images.delete({ name: 'i1', sync: false, target: { ...target, digest: `sha256:${'b'.repeat(64)}` } }, t1),
  );
  await step('images delete empty target', () =>
    images.delete({ name: 'ä', sync: false, target: { ...target, digest: '' } }, t1),
  );
  await step('images delete target', () => images.delete({ name: 'b', sync: true, target }, t1));
  await step('namespaces delete full', () => namespaces.delete({ name: 't1' }));

  const any = (typeUrl: string, text = '{}') => ({ typeUrl, value: new Uint8Array(Buffer.from(text)) });
  const spec = any('types.containerd.io/opencontainers/runtime-spec/1/Spec', '{ "ociVersion": "1" }');
  const base = {
    id: 'c1',
    labels: labels({ a: '1', b: '' }),
    image: 'i1',
    runtime: { name: 'r', options: any('x.Options', '1') },
    spec,
    snapshotter: 'overlayfs',
    snapshotKey: 'c1',
    createdAt: undefined,
    updatedAt: undefined,
    extensions: new Map([
      ['e1', any('x')],
      ['e2', any('y')],
    ]),
    sandbox: 's',
  };
  const createContainer = (rest: Partial<typeof base> | { spec: undefined } | { runtime: undefined }) =>
    containers.create({ container: { ...base, ...rest } }, t1);
  const updateContainer = (paths: string[] | undefined, rest: Partial<typeof base> | { spec: undefined } = {}) =>
    containers.update({ container: { ...base, ...rest }, updateMask: paths }, t1);
  await step('containers get unknown', () => containers.get({ id: 'c1' }, t1));
  await step('containers get empty', () => containers.get({ id: '' }, t1));
  await step('containers create', () => createContainer({}));
  await step('containers create again', () => createContainer({}));
  await step('containers create bad id', () => createContainer({ id: 'a b' }));
  await step('containers create empty id', () => createContainer({ id: '' }));
  await step('containers create no runtime', () => createContainer({ id: 'c2', runtime: undefined }));
  await step('containers create empty runtime', () =>
    createContainer({ id: 'c2', runtime: { name: '', options: any('x') } }),
  );
  await step('containers create no spec', () => createContainer({ id: 'c2', spec: undefined }));
  await step('containers create no snapshotter', () => createContainer({ id: 'c2', snapshotter: '' }));
  await step('containers create no snapshot', () => createContainer({ id: 'c3', snapshotKey: '', snapshotter: '' }));
  await step('containers create empty extension', () =>
    createContainer({ id: 'c2', extensions: new Map([['', any('x')]]) }),
  );
  await step('containers create long label', () =>
    createContainer({ id: 'c2', labels: labels({ a: 'x'.repeat(4096) }) }),
  );
  await step('containers create B', () => createContainer({ id: 'B', image: '' }));
  await step('containers get', () => containers.get({ id: 'c1' }, t1));
  await step('containers update all', () =>
    updateContainer(undefined, {
      labels: labels({ q: '1' }),
      image: 'i9',
      snapshotKey: 'k',
      sandbox: 'other',
    }),
  );
  await step('containers update snapshotter', () => updateContainer(undefined, { snapshotter: 'native' }));
  await step('containers update runtime', () =>
    updateContainer(undefined, { runtime: { name: 'other', options: any('x') } }),
  );
  await step('containers update runtime options', () =>
    updateContainer(undefined, { runtime: { name: 'r', options: any('other') } }),
  );
  await step('containers update masked snapshotter', () =>
    updateContainer(['image'], { image: 'i2', snapshotter: 'native' }),
  );
  await step('containers update label', () => updateContainer(['labels.x.y'], { labels: labels({ 'x.y': '1' }) }));
  await step('containers update extension', () =>
    updateContainer(['extensions.e4.f'], { extensions: new Map([['e4.f', any('q')]]) }),
  );
  await step('containers update spec', () => updateContainer(['spec'], { spec: any('s2', 'other') }));
  await step('containers update no spec', () => updateContainer(['spec'], { spec: undefined }));
  await step('containers update snapshotkey', () => updateContainer(['snapshotkey'], { snapshotKey: 'kk' }));
  for (const path of ['snapshot_key', 'snapshotter', 'runtime', 'runtime.name', 'sandbox', 'id', 'created_at', 'Image'])
    await step(`containers update ${path}`, () => updateContainer([path]));
  await step('containers update unknown', () => updateContainer(undefined, { id: 'nope' }));
  await step('containers update empty', () => updateContainer(undefined, { id: '' }));
  for (const filter of [
    '',
    'id==c1',
    'runtime.name==r',
    'image',
    'image==i2',
    'labels.x.y',
    'runtime',
    'sandbox',
    'spec',
    'x=',
    'snapshotter==overlayfs',
  ])
    await step(`containers list ${filter}`, async () =>
      (await containers.list({ filters: [filter] }, t1)).containers.map(({ id }) => id),
    );
  await step('containers stream', async () =>
    (await collect(containers.listStream({ filters: [] }, t1))).map(({ container }) => container?.id),
  );
  await step('containers stream bad', () => collect(containers.listStream({ filters: ['x='] }, t1)));
  await step('namespaces delete full', () => namespaces.delete({ name: 't1' }));
  await step('containers delete unknown', () => containers.delete({ id: 'nope' }, t1));
  await step('containers delete empty', () => containers.delete({ id: '' }, t1));
  for (const id of ['c1', 'c3', 'B']) await step(`containers delete ${id}`, () => containers.delete({ id }, t1));

  await step('leases create', () => leases.create({ id: 'l1', labels: labels({ a: '1', b: '' }) }, t1));
  await step('leases create again', () => leases.create({ id: 'l1', labels: labels() }, t1));
  await step('leases create long', () => leases.create({ id: 'l2', labels: labels({ a: 'x'.repeat(4096) }) }, t1));
  await step('leases create odd', () => leases.create({ id: 'a b', labels: labels() }, t1));
  await step(
    'leases create random',
    async () => (await leases.create({ id: '', labels: labels() }, t1)).lease?.id !== '',
  );
  await step('leases list', () => leases.list({ filters: ['id==l1', 'labels.a==2'] }, t1));
  await step('leases list bad', () => leases.list({ filters: ['id='] }, t1));
  const digest = `sha256:${'c'.repeat(64)}`;
  for (const [type, id] of [
    ['content', digest],
    ['content', 'nope'],
    ['content', ''],
    ['ingests', 'r'],
    ['ingests', ''],
    ['images', 'i'],
    ['images', ''],
    ['image', 'i'],
    ['ingest', 'r'],
    ['snapshots/overlayfs', 'k'],
    ['snapshots/overlayfs', ''],
    ['snapshots/nope', 'k'],
    ['snapshots', 'k'],
    ['snapshots/', 'k'],
    ['snapshots/a/b', 'k'],
    ['snapshotter/overlayfs', 'k'],
    ['', 'x'],
    ['content/x', digest],
    ['images/x', 'k'],
    ['Streams', 'x'],
  ] as const) {
    await step(`leases add ${type} ${id}`, () => leases.addResource({ id: 'l1', resource: { type, id } }, t1));
  }
  await step('leases add again', () => leases.addResource({ id: 'l1', resource: { type: 'images', id: 'i' } }, t1));
  await step('leases add unknown', () => leases.addResource({ id: 'nope', resource: { type: 'images', id: 'i' } }, t1));
  await step('leases add unknown type', () => leases.addResource({ id: 'nope', resource: { type: 'x', id: 'i' } }, t1));
  await step('images create leased', () =>
    images.create({ image: image('leased'), sourceDateEpoch: undefined }, { namespace: 't1', lease: 'l1' }),
  );
  const expiring = image('expiring', { labels: labels({ 'containerd.io/gc.expire': '2999-01-01T00:00:00Z' }) });
  const createLeased = (lease: string) =>
    images.create({ image: expiring, sourceDateEpoch: undefined }, { namespace: 't1', lease });
  await step('images create expiring unknown lease', () => createLeased('nope'));
  await step('images get expiring unknown lease', () => images.get({ name: 'expiring' }, t1));
  await step('images create expiring leased', () => createLeased('l1'));
  await step('leases resources', () => leases.listResources({ id: 'l1' }, t1));
  await step('leases resources unknown', () => leases.listResources({ id: 'nope' }, t1));
  await step('images delete leased', () =>
    images.delete({ name: 'leased', sync: false, target: undefined }, { namespace: 't1', lease: 'l1' }),
  );
  await step('leases delete resource', () =>
    leases.deleteResource({ id: 'l1', resource: { type: 'images', id: 'i' } }, t1),
  );
  await step('leases delete resource again', () =>
    leases.deleteResource({ id: 'l1', resource: { type: 'images', id: 'i' } }, t1),
  );
  await step('leases delete resource type', () =>
    leases.deleteResource({ id: 'l1', resource: { type: 'x', id: 'i' } }, t1),
  );
  await step('leases delete resource unknown', () =>
    leases.deleteResource({ id: 'nope', resource: { type: 'images', id: 'i' } }, t1),
  );
  await step('leases resources', () => leases.listResources({ id: 'l1' }, t1));
  await step('leases delete unknown', () => leases.delete({ id: 'nope', sync: false }, t1));
  await step('leases delete', () => leases.delete({ id: 'l1', sync: true }, t1));
  await step('leases create anew', () => leases.create({ id: 'l1', labels: labels() }, t1));
  await step('leases resources anew', () => leases.listResources({ id: 'l1' }, t1));
  await step('images implicit namespace', () =>
    images.create({ image: image('x'), sourceDateEpoch: undefined }, { namespace: 't2' }),
  );
  await step('namespaces list', () => namespaces.list({ filter: '' }));
  return steps;
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** An answer without what differs from run to run, in plain objects. */
function plain(value: unknown): unknown {
  if (value instanceof Map) return Object.fromEntries([...value].sort().map(([key, item]) => [key, plain(item)]));
  if (value instanceof Uint8Array) return Buffer.from(value).toString();
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, key.endsWith('At') ? item !== undefined : plain(item)]),
  );
}
