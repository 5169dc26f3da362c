import { Container } from '../../../api/gen/containerd/services/containers/v1/containers.ts';
import { WriteAction } from '../../../api/gen/containerd/services/content/v1/content.ts';
import { ApplyRequest } from '../../../api/gen/containerd/services/diff/v1/diff.ts';
import { Image } from '../../../api/gen/containerd/services/images/v1/images.ts';
import { CreateTaskRequest, ExecProcessRequest } from '../../../api/gen/containerd/services/tasks/v1/tasks.ts';
import { TransferDefinition, TransferRequest } from '../../../api/gen/containerd/services/transfer/v1/transfer.ts';
import { Descriptor } from '../../../api/gen/containerd/types/types.ts';
import { rpcClient } from '../../../api/rpc/rpc-client.ts';
import type { ErrorKind } from '../../../pkg/errors/error-kind.ts';
import { ContentUpload } from '../../lab/content-upload.ts';
import type { DaemonCalls } from '../../lab/daemon-calls.ts';

/** A call that has to be refused. */
export interface RefusedCall {
  readonly title: string;
  readonly call: (calls: DaemonCalls) => Promise<unknown>;
  /**
   * What both daemons answer; the second, if there is one, is Gantry's where it differs on purpose. Without the first, containerd takes
   * it.
   */
  readonly kinds: readonly [theirs: ErrorKind | undefined, ours?: ErrorKind];
  /** What the message must name. */
  readonly names?: RegExp;
}

const absent = `sha256:${'0'.repeat(64)}`;
const snapshotter = 'overlayfs';
const labels = new Map<string, string>();
const tooLong = new Map([['key', 'v'.repeat(4094)]]);
const unknownAny = { typeUrl: 'example.com/no.such.Type', value: new Uint8Array([1, 2, 3]) };
const paths = ['', '../escape', 'a/b', '/etc', '.', '..', 'a\0b', 'white space', 'x'.repeat(77), 'y'.repeat(100_000)];
const bytes = Buffer.from('some bytes');

/** A status goes in a header: containerd repeats the whole name in it, and the connection breaks. */
function kindsFor(name: string, kind: ErrorKind): RefusedCall['kinds'] {
  return name.length > 10_000 ? ['unavailable', kind] : [kind];
}

function shown(name: string): string {
  return name.length > 20 ? `${name.slice(0, 5)}… (${String(name.length)} characters)` : JSON.stringify(name);
}

function container(id: string, more: Partial<Container> = {}): Container {
  return { ...Container.fromPartial({ id, runtime: { name: 'io.containerd.runc.v2' }, spec: unknownAny }), ...more };
}

function image(name: string, more: Partial<Image> = {}): Image {
  const target = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: absent, size: 1n };
  return { ...Image.fromPartial({ name, target }), ...more };
}

async function upload(calls: DaemonCalls, work: (upload: ContentUpload) => Promise<unknown>): Promise<void> {
  await using one = new ContentUpload(calls.content, calls.options);
  await work(one);
}

const namespaces: readonly RefusedCall[] = [
  {
    title: 'no namespace',
    kinds: ['failed-precondition'],
    call: ({ images }) => images.list({ filters: [] }),
    names: /namespace is required/,
  },
  ...paths.slice(1).flatMap((namespace): RefusedCall[] =>
    /^[\x21-\x7e]*$/.test(namespace) && namespace.length < 1000
      ? [
          {
            title: `namespace ${shown(namespace)}`,
            kinds: ['invalid-argument'],
            call: ({ images }) => images.list({ filters: [] }, { namespace }),
          },
        ]
      : [],
  ),
  ...paths.map((name): RefusedCall => ({
    title: `creating namespace ${shown(name)}`,
    kinds: kindsFor(name, 'invalid-argument'),
    call: (calls) => calls.namespaces.create({ namespace: { name, labels } }),
  })),
];

const ids: readonly RefusedCall[] = paths.flatMap((id): RefusedCall[] => [
  {
    title: `container ${shown(id)}`,
    kinds: kindsFor(id, 'invalid-argument'),
    call: (calls) => calls.containers.create({ container: container(id) }, calls.options),
  },
  {
    title: `task of container ${shown(id)}`,
    kinds: kindsFor(id, 'not-found'),
    call: (calls) => calls.tasks.create(CreateTaskRequest.fromPartial({ containerId: id }), calls.options),
  },
  {
    title: `exec in task ${shown(id)}`,
    kinds: kindsFor(id, 'not-found'),
    call: (calls) => calls.tasks.exec(ExecProcessRequest.fromPartial({ containerId: id, execId: 'e' }), calls.options),
  },
  {
    title: `kill of task ${shown(id)}`,
    kinds: kindsFor(id, 'not-found'),
    call: (calls) => calls.tasks.kill({ containerId: id, execId: '', signal: 9, all: false }, calls.options),
  },
  {
    title: `delete of lease ${shown(id)}`,
    kinds: kindsFor(id, 'not-found'),
    call: (calls) => calls.leases.delete({ id, sync: false }, calls.options),
  },
  {
    title: `stat of snapshot ${shown(id)}`,
    kinds: kindsFor(id, 'not-found'),
    call: (calls) => calls.snapshots.stat({ snapshotter, key: id }, calls.options),
  },
  {
    title: `prepare on snapshot parent ${shown(id)}x`,
    kinds: kindsFor(id, 'not-found'),
    call: (calls) => calls.snapshots.prepare({ snapshotter, key: 'k', parent: `${id}x`, labels }, calls.options),
  },
]);

const records: readonly RefusedCall[] = [
  {
    title: 'container with a long label',
    kinds: ['invalid-argument'],
    call: (calls) => calls.containers.create({ container: container('c', { labels: tooLong }) }, calls.options),
    names: /4096|4097/,
  },
  {
    title: 'container without a runtime',
    kinds: ['invalid-argument'],
    call: (calls) => calls.containers.create({ container: Container.fromPartial({ id: 'c' }) }, calls.options),
  },
  {
    title: 'image with a long label',
    kinds: ['invalid-argument'],
    call: (calls) =>
      calls.images.create({ image: image('i', { labels: tooLong }), sourceDateEpoch: undefined }, calls.options),
  },
  {
    title: 'image without a name',
    kinds: ['invalid-argument'],
    call: (calls) => calls.images.create({ image: image(''), sourceDateEpoch: undefined }, calls.options),
  },
  {
    title: 'image whose target is no digest',
    kinds: ['invalid-argument'],
    call: (calls) =>
      calls.images.create(
        {
          image: image('i', { target: Descriptor.fromPartial({ mediaType: 'x/y', digest: 'sha256:zz', size: 1n }) }),
          sourceDateEpoch: undefined,
        },
        calls.options,
      ),
  },
  {
    title: 'image without a media type',
    kinds: ['invalid-argument'],
    call: (calls) =>
      calls.images.create(
        {
          image: image('i', { target: Descriptor.fromPartial({ mediaType: '', digest: absent, size: 1n }) }),
          sourceDateEpoch: undefined,
        },
        calls.options,
      ),
  },
  {
    title: 'image of negative size',
    kinds: ['invalid-argument'],
    call: (calls) =>
      calls.images.create(
        {
          image: image('i', { target: Descriptor.fromPartial({ mediaType: 'x/y', digest: absent, size: -1n }) }),
          sourceDateEpoch: undefined,
        },
        calls.options,
      ),
  },
  {
    title: 'update of an image that is not there',
    kinds: ['not-found'],
    call: (calls) =>
      calls.images.update({ image: image('i'), updateMask: ['labels'], sourceDateEpoch: undefined }, calls.options),
  },
  {
    title: 'namespace with a long label',
    kinds: ['invalid-argument'],
    call: (calls) => calls.namespaces.create({ namespace: { name: 'bad-input-other', labels: tooLong } }),
  },
  {
    title: 'lease with a long label',
    kinds: [undefined, 'invalid-argument'],
    call: (calls) => calls.leases.create({ id: 'l', labels: tooLong }, calls.options),
  },
  {
    title: 'resource of an unknown type',
    kinds: ['not-found'],
    call: (calls) => calls.leases.addResource({ id: 'l', resource: { id: 'x', type: 'no-such-type' } }, calls.options),
  },
  {
    title: 'snapshot with a long label',
    kinds: ['invalid-argument'],
    call: (calls) => calls.snapshots.prepare({ snapshotter, key: 'k', parent: '', labels: tooLong }, calls.options),
  },
  {
    title: 'unknown snapshotter',
    kinds: ['invalid-argument'],
    call: (calls) =>
      calls.snapshots.prepare({ snapshotter: '../overlayfs', key: 'k', parent: '', labels }, calls.options),
    names: /overlayfs/,
  },
  {
    title: 'commit of a snapshot that is not there',
    kinds: ['not-found'],
    call: (calls) => calls.snapshots.commit({ snapshotter, name: 'n', key: 'k', labels, parent: '' }, calls.options),
  },
  {
    title: 'malformed filter',
    kinds: ['invalid-argument'],
    call: (calls) => calls.images.list({ filters: ['name==="'] }, calls.options),
  },
  {
    title: 'malformed container filter',
    kinds: ['invalid-argument'],
    call: (calls) => calls.containers.list({ filters: ['labels."a'] }, calls.options),
  },
  {
    title: 'event on a bad topic',
    kinds: ['invalid-argument'],
    call: (calls) => calls.events.publish({ topic: 'no-slash', event: unknownAny }, calls.options),
  },
  {
    title: 'event on a topic with a bad component',
    kinds: ['invalid-argument'],
    call: (calls) => calls.events.publish({ topic: '/a/../b', event: unknownAny }, calls.options),
  },
];

const content: readonly RefusedCall[] = [
  {
    title: 'malformed digest',
    kinds: ['invalid-argument'],
    call: (calls) => calls.content.info({ digest: 'sha256:../../etc/passwd' }, calls.options),
  },
  {
    title: 'unknown digest algorithm',
    kinds: ['invalid-argument'],
    call: (calls) => calls.content.info({ digest: `md5:${'0'.repeat(32)}` }, calls.options),
  },
  {
    title: 'digest that is not there',
    kinds: ['not-found'],
    call: (calls) => calls.content.info({ digest: absent }, calls.options),
    names: /sha256:0000/,
  },
  {
    title: 'delete of what is not there',
    kinds: ['not-found'],
    call: (calls) => calls.content.delete({ digest: absent }, calls.options),
  },
  {
    title: 'read of what is not there',
    kinds: ['not-found'],
    call: (calls) => calls.content.read({ digest: absent, offset: 0n, size: 0n }, calls.options).next(),
  },
  {
    title: 'labels of what is not there',
    kinds: ['not-found'],
    call: (calls) =>
      calls.content.update(
        {
          info: { digest: absent, size: 0n, labels, createdAt: undefined, updatedAt: undefined },
          updateMask: ['labels'],
        },
        calls.options,
      ),
  },
  {
    title: 'status of no ingest',
    kinds: ['not-found'],
    call: (calls) => calls.content.status({ ref: '../../x' }, calls.options),
  },
  {
    title: 'abort of no ingest',
    kinds: ['not-found'],
    call: (calls) => calls.content.abort({ ref: '../../x' }, calls.options),
  },
  {
    title: 'write without a ref',
    kinds: ['invalid-argument'],
    call: (calls) => upload(calls, (one) => one.step({ data: bytes, action: WriteAction.WRITE })),
  },
  {
    title: 'write at a wrong offset',
    kinds: ['out-of-range'],
    call: (calls) =>
      upload(calls, (one) => one.step({ ref: '../offset', data: bytes, offset: 7n, action: WriteAction.WRITE })),
  },
  {
    title: 'commit of a wrong size',
    kinds: ['failed-precondition'],
    call: (calls) =>
      upload(calls, async (one) => {
        await one.write('wrong-size', bytes);
        await one.step({ ref: 'wrong-size', offset: BigInt(bytes.length), total: 3n, action: WriteAction.COMMIT });
      }),
  },
  {
    title: 'commit of a wrong digest',
    kinds: ['failed-precondition'],
    names: /sha256:0000/,
    call: (calls) =>
      upload(calls, async (one) => {
        await one.write('wrong-digest', bytes);
        await one.step({
          ref: 'wrong-digest',
          offset: BigInt(bytes.length),
          expected: absent,
          action: WriteAction.COMMIT,
        });
      }),
  },
  {
    title: 'commit with a long label',
    kinds: ['invalid-argument'],
    call: (calls) =>
      upload(calls, async (one) => {
        await one.write('long-label', bytes);
        await one.commit('long-label', bytes, tooLong);
      }),
  },
];

const anys: readonly RefusedCall[] = [
  {
    title: 'transfer of unknown types',
    kinds: ['unknown', 'unimplemented'],
    call: (calls) =>
      rpcClient(calls.transport, TransferDefinition).transfer(
        TransferRequest.fromPartial({ source: unknownAny, destination: unknownAny }),
        calls.options,
      ),
    names: /no\.such\.Type/,
  },
  {
    title: 'transfer without source',
    kinds: ['unknown', 'invalid-argument'],
    call: (calls) =>
      rpcClient(calls.transport, TransferDefinition).transfer(TransferRequest.fromPartial({}), calls.options),
  },
  {
    title: 'apply of what is no layer',
    kinds: ['not-found'],
    call: (calls) =>
      calls.diff.apply(
        ApplyRequest.fromPartial({
          diff: { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: absent, size: 1n },
        }),
        calls.options,
      ),
  },
  {
    title: 'apply of a malformed digest',
    kinds: ['not-found', 'invalid-argument'],
    call: (calls) =>
      calls.diff.apply(
        ApplyRequest.fromPartial({
          diff: { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: '../x', size: 1n },
        }),
        calls.options,
      ),
  },
];

/** All of them. */
export const refusedCalls: readonly RefusedCall[] = [...namespaces, ...ids, ...records, ...content, ...anys];
