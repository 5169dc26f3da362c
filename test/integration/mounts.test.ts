import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { jsonTypes, packJson } from '../../api/any/json-types.ts';
import { Container, ContainersDefinition } from '../../api/gen/containerd/services/containers/v1/containers.ts';
import { LeasesDefinition } from '../../api/gen/containerd/services/leases/v1/leases.ts';
import { ActivateRequest, MountsDefinition } from '../../api/gen/containerd/services/mounts/v1/mounts.ts';
import { CreateTaskRequest, TasksDefinition } from '../../api/gen/containerd/services/tasks/v1/tasks.ts';
import type { ActivationInfo, Mount } from '../../api/gen/containerd/types/types.ts';
import { GrpcClient } from '../../api/grpc/grpc-client.ts';
import { rpcClient } from '../../api/rpc/rpc-client.ts';
import { collect as all } from '../../pkg/batches/collect.ts';
import { kindOf } from '../../pkg/errors/kind-of.ts';
import { busyboxRootfs } from '../lab/busybox-rootfs.ts';
import { DaemonUnderTest } from '../lab/daemon-under-test.ts';
import { uniqueName } from '../lab/unique-name.ts';

function mount(type: string, source: string, options: string[] = []): Mount {
  return { type, source, target: '', options };
}

function mounted(path: string): boolean {
  return readFileSync('/proc/self/mountinfo', 'utf8').includes(` ${path} `);
}

async function failure(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'none',
    (error: unknown) => kindOf(error),
  );
}

describe('mounts that the daemon performs', () => {
  let daemon: DaemonUnderTest;
  let transport: GrpcClient;
  let image = '';
  const inUse = () => ({ namespace: daemon.namespace });
  const mounts = () => rpcClient(transport, MountsDefinition);
  const activate = async (request: Partial<ActivateRequest>, lease?: string): Promise<ActivationInfo> => {
    const { info } = await mounts().activate(ActivateRequest.fromPartial(request), { ...inUse(), lease });
    assert.ok(info);
    return info;
  };
  const losetup = () => execFileSync('losetup', ['--associated', image]).toString();
  /** A container that somebody else is just making has copies of our mounts, until it has a root of its own. */
  const deviceIsFree = () => {
    const late = performance.now() + 10_000;
    while (losetup() !== '' && performance.now() < late) continue;
    assert.equal(losetup(), '');
  };

  before(async () => {
    daemon = await DaemonUnderTest.start({ kind: 'gantry' });
    transport = new GrpcClient(() => connect(daemon.address));
    image = join(daemon.directory, 'disk.img');
    writeFileSync(image, '');
    truncateSync(image, 8 << 20);
    execFileSync('mkfs.ext4', ['-q', image]);
    // Without it a collection takes away what was just mounted: there is one soon after each start.
    await rpcClient(transport, LeasesDefinition).create({ id: 'keep', labels: new Map() }, inUse());
  });
  after(async () => {
    await transport[Symbol.asyncDispose]();
    await daemon[Symbol.asyncDispose]();
  });

  it('refuses what needs no daemon, and what it cannot read, and leaves nothing', async () => {
    const bind = mount('bind', '/usr', ['rbind', 'ro']);
    assert.equal(await failure(activate({ name: 'a', mounts: [bind] })), 'unimplemented');
    assert.equal(await failure(activate({ name: 'a', mounts: [] })), 'unimplemented');
    assert.equal(await failure(activate({ name: '', mounts: [bind], temporary: true })), 'invalid-argument');
    const refused: [string, Mount][] = [
      ['invalid-argument', mount('format/bind', '{{ mount 1 }}')],
      ['invalid-argument', mount('format/bind', '{{ moon 0 }}')],
      ['invalid-argument', mount('format/bind', '{{ mount')],
      ['invalid-argument', mount('format/bind', '{{ overlay 0 7 }}')],
      ['invalid-argument', mount('mkdir/bind', '/usr', ['X-containerd.mkdir.path=here'])],
      ['invalid-argument', mount('mkdir/bind', '/usr', ['X-containerd.mkdir.mode=1'])],
      ['unimplemented', mount('mkdir/bind', '/usr', ['X-containerd.mkdir.path=/usr/gantry-was-here'])],
      ['unimplemented', mount('mkfs/loop', image)],
    ];
    for (const [kind, last] of refused)
      assert.equal(await failure(activate({ name: 'a', mounts: [bind, last] })), kind, JSON.stringify(last));
    assert.equal(existsSync('/usr/gantry-was-here'), false);
    assert.equal(
      await failure(activate({ name: 'a', mounts: [mount('loop', join(daemon.directory, 'none'))] })),
      'unavailable',
    );
    assert.equal(await failure(mounts().info({ name: 'a' }, inUse())), 'not-found');
    assert.equal(await failure(mounts().deactivate({ name: 'a' }, inUse())), 'not-found');
    assert.equal(await failure(mounts().update({ info: undefined, updateMask: undefined }, inUse())), 'unimplemented');
  });

  it('a chain of a device, its filesystem and directories in it, over a crash', async () => {
    const request = {
      name: 'chain',
      labels: new Map([['color', 'blue']]),
      mounts: [
        mount('loop', image),
        mount('format/ext4', '{{ mount 0 }}'),
        mount('format/mkdir/overlay', 'overlay', [
          'X-containerd.mkdir.path={{ mount 1 }}/upper:0751',
          'X-containerd.mkdir.path={{ mount 1 }}/work:0700:12:34',
          'lowerdir=/usr',
          'upperdir={{ mount 1 }}/upper',
          'workdir={{ mount 1 }}/work',
        ]),
      ],
    };
    const info = await activate(request, 'keep');
    const [device, disk] = info.active.map(({ mountPoint }) => mountPoint);
    assert.ok(device !== undefined && disk !== undefined);
    assert.deepEqual(
      info.active.map((active) => active.mount),
      [mount('loop', image), mount('ext4', device)],
    );
    const options = ['lowerdir=/usr', `upperdir=${disk}/upper`, `workdir=${disk}/work`];
    assert.deepEqual(info.system, [mount('overlay', 'overlay', options)]);
    assert.ok(mounted(disk));
    assert.equal(statSync(join(disk, 'upper')).mode & 0o7777, 0o751);
    const { uid, gid } = statSync(join(disk, 'work'));
    assert.deepEqual([uid, gid], [12, 34]);
    assert.equal(await failure(activate({ name: 'chain', mounts: [mount('loop', image)] })), 'already-exists');
    await daemon.crashAndRestart();
    assert.deepEqual((await mounts().info({ name: 'chain' }, inUse())).info, info);
    const listed = await all(mounts().list({ filters: ['labels.color==blue'] }, inUse()));
    assert.deepEqual(listed, [{ info }]);
    assert.deepEqual(await all(mounts().list({ filters: ['name==other'] }, inUse())), []);
    const user = openSync(join(disk, 'busy'), 'w');
    const busy = await failure(mounts().deactivate({ name: 'chain' }, inUse()));
    closeSync(user);
    assert.equal(busy, 'failed-precondition');
    await mounts().deactivate({ name: 'chain' }, inUse());
    assert.ok(!mounted(disk) && !existsSync(disk));
    deviceIsFree();
  });

  it('a temporary one is mounted wholly, and does not outlive the daemon', async () => {
    const request = { name: 'short', temporary: true, mounts: [mount('bind', '/usr', ['rbind', 'ro'])] };
    const info = await activate(request, 'keep');
    const point = info.active[0]?.mountPoint ?? '';
    assert.deepEqual(info.system, [mount('bind', point, ['rbind'])]);
    assert.ok(existsSync(join(point, 'bin')));
    await daemon.crashAndRestart();
    assert.ok(!mounted(point) && !existsSync(point));
    assert.equal(await failure(mounts().info({ name: 'short' }, inUse())), 'not-found');
  });

  it('what was unmounted behind its back is forgotten at the next start', async () => {
    const request = {
      name: 'lost',
      mounts: [mount('loop', image), mount('format/ext4', '{{ mount 0 }}'), mount('format/bind', '{{ mount 1 }}')],
    };
    const info = await activate(request, 'keep');
    await daemon.kill();
    execFileSync('umount', [info.active[1]?.mountPoint ?? '']);
    await daemon.start();
    assert.equal(await failure(mounts().info({ name: 'lost' }, inUse())), 'not-found');
    deviceIsFree();
  });

  it('a task whose root filesystem is such a chain', async () => {
    const tasks = rpcClient(transport, TasksDefinition);
    const containers = rpcClient(transport, ContainersDefinition);
    const id = uniqueName('m');
    daemon.track({ ids: [id] });
    const spec = {
      ociVersion: '1.0.2',
      process: { args: ['/bin/sh', '-c', 'echo from inside >/written'], cwd: '/', user: { uid: 0, gid: 0 } },
      root: { path: 'rootfs' },
      mounts: [{ destination: '/proc', type: 'proc', source: 'proc' }],
      linux: { namespaces: [{ type: 'mount' }, { type: 'pid' }] },
    };
    const container = {
      ...{ id, runtime: { name: 'io.containerd.runc.v2' }, spec: packJson(jsonTypes.spec, spec) },
    };
    await containers.create({ container: Container.fromPartial(container) }, inUse());
    const rootfs = [
      mount('loop', image),
      mount('format/ext4', '{{ mount 0 }}'),
      mount('format/mkdir/overlay', 'overlay', [
        'X-containerd.mkdir.path={{ mount 1 }}/upper2',
        'X-containerd.mkdir.path={{ mount 1 }}/work2',
        `lowerdir=${busyboxRootfs(daemon.directory)}`,
        'upperdir={{ mount 1 }}/upper2',
        'workdir={{ mount 1 }}/work2',
      ]),
    ];
    const create = () => tasks.create(CreateTaskRequest.fromPartial({ containerId: id, rootfs }), inUse());
    await create();
    assert.equal(await failure(create()), 'already-exists');
    const { info } = await mounts().info({ name: id }, inUse());
    const upper = join(info?.active[1]?.mountPoint ?? '', 'upper2');
    const ended = tasks.wait({ containerId: id, execId: '' }, inUse());
    await tasks.start({ containerId: id, execId: '' }, inUse());
    assert.equal((await ended).exitStatus, 0);
    assert.equal(readFileSync(join(upper, 'written'), 'utf8'), 'from inside\n');
    await tasks.delete({ containerId: id }, inUse());
    assert.equal(await failure(mounts().info({ name: id }, inUse())), 'not-found');
    deviceIsFree();
    await containers.delete({ id }, inUse());
  });

  it('lives as long as its lease, or the container that it names', async () => {
    const leases = rpcClient(transport, LeasesDefinition);
    const containers = rpcClient(transport, ContainersDefinition);
    const collect = async (id: string): Promise<void> => {
      await leases.create({ id, labels: new Map() }, inUse());
      await leases.delete({ id, sync: true }, inUse());
    };
    await leases.create({ id: 'l1', labels: new Map() }, inUse());
    await containers.create({ container: Container.fromPartial({ id: 'c1', runtime: { name: 'x' } }) }, inUse());
    const loop = { mounts: [mount('loop', image)] };
    await activate({ name: 'leased', ...loop }, 'l1');
    await activate({ name: 'of-c1', ...loop, labels: new Map([['containerd.io/gc.bref.container', 'c1']]) });
    assert.equal(await failure(activate({ name: 'unleased', ...loop }, 'no-such-lease')), 'not-found');
    await collect('l2');
    const names = async () => (await all(mounts().list({ filters: [] }, inUse()))).map(({ info }) => info?.name);
    assert.deepEqual(await names(), ['leased', 'of-c1']);
    await leases.delete({ id: 'l1', sync: true }, inUse());
    assert.deepEqual(await names(), ['of-c1']);
    await containers.delete({ id: 'c1' }, inUse());
    await collect('l3');
    assert.deepEqual(await names(), []);
    deviceIsFree();
  });
});
