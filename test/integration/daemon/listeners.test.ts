import assert from 'node:assert/strict';
import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { EventsDefinition } from '../../../api/gen/containerd/services/events/v1/events.ts';
import { NamespacesDefinition } from '../../../api/gen/containerd/services/namespaces/v1/namespaces.ts';
import { GrpcClient } from '../../../api/grpc/grpc-client.ts';
import { rpcClient } from '../../../api/rpc/rpc-client.ts';
import { busyboxRootfs } from '../../lab/busybox-rootfs.ts';
import { Ctr } from '../../lab/ctr.ts';
import { DaemonUnderTest, type DaemonOptions } from '../../lab/daemon-under-test.ts';
import { freeAddress } from '../../lab/free-address.ts';
import { uniqueName } from '../../lab/unique-name.ts';

/** A daemon with a metrics listener, and what that tells after a container has run. */
async function metricsOf(kind: DaemonOptions['kind']): Promise<Map<string, number>> {
  const { address } = freeAddress();
  const config = `[metrics]\n  address = "${address}"\n  grpc_histogram = true\n`;
  await using daemon = await DaemonUnderTest.start({ kind, config });
  const ctr = new Ctr(daemon);
  const id = uniqueName('c');
  await ctr.ok(['run', '-d', '--rootfs', busyboxRootfs(daemon.directory), id, '/bin/sleep', '1000']);
  await ctr.run(['snapshots', 'usage', 'absent']);
  await ctr.ok(['snapshots', 'ls']);
  const response = await fetch(`http://${address}/v1/metrics`);
  assert.equal(response.status, 200);
  assert.match(response.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4; charset=utf-8/);
  assert.equal(response.headers.get('content-encoding'), 'gzip');
  const text = await response.text();
  assert.equal((await fetch(`http://${address}/`)).status, 404);
  await ctr.ok(['task', 'kill', '-s', 'SIGKILL', id]);
  await ctr.run(['task', 'rm', '-f', id]);
  await ctr.ok(['container', 'rm', id]);
  const lines = text.replaceAll(id, 'ID').replaceAll(daemon.namespace, 'NS').split('\n');
  return new Map(
    lines.flatMap((line) => {
      const [, series, value] = /^([a-z].*) (\S+)$/.exec(line) ?? [];
      return series === undefined ? [] : [[series, Number(value)]];
    }),
  );
}

test('the metrics are those of containerd', async () => {
  const theirs = await metricsOf('2.1.9');
  const ours = await metricsOf('gantry');
  // What Go's runtime and libraries tell of themselves, and parts that have no counterpart yet.
  const apart = /^(go_|promhttp_|containerd_|process_network|process_virtual_memory_max)/;
  const missing = [...theirs.keys()].filter((series) => !apart.test(series) && !ours.has(series));
  assert.deepEqual(missing, []);
  const container = (all: Map<string, number>): string[] =>
    [...all.keys()].filter((series) => series.startsWith('container_')).sort();
  assert.deepEqual(container(ours), container(theirs));
  assert.ok(container(ours).length > 50);
  const same = (series: string): void => assert.equal(ours.get(series), theirs.get(series), series);
  const usage = 'grpc_method="Usage",grpc_service="containerd.services.snapshots.v1.Snapshots",grpc_type="unary"';
  same(`grpc_server_handled_total{grpc_code="NotFound",${usage}}`);
  same(`grpc_server_handling_seconds_count{${usage}}`);
  for (const name of ['started', 'msg_received', 'msg_sent']) same(`grpc_server_${name}_total{${usage}}`);
  const list = usage.replace('Usage', 'List').replace('unary', 'server_stream');
  for (const name of ['started', 'msg_received', 'msg_sent']) same(`grpc_server_${name}_total{${list}}`);
  same(`grpc_server_handled_total{grpc_code="OK",${list}}`);
  same('container_pids_current{container_id="ID",namespace="NS",runtime="io.containerd.runc.v2"}');
  assert.ok((ours.get('gantry_loop_longest_turn_seconds{clock="processor"}') ?? 0) > 0);
  assert.ok((ours.get('gantry_loop_turn_seconds_count{clock="wall"}') ?? 0) > 10);
});

/** Asks over a unix socket. */
async function get(socketPath: string, path: string): Promise<{ status: number; body: Buffer }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: Buffer }>();
  const sent = request({ socketPath, path }, (response) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) }));
  });
  sent.on('error', reject);
  sent.end();
  return promise;
}

test('the debug socket tells of the process, of the calls in flight, and takes profiles', async () => {
  const daemon = new DaemonUnderTest({ kind: 'gantry' });
  await using _daemon = daemon;
  const socket = join(daemon.directory, 'debug', 'debug.sock');
  daemon.configure(`[plugins."io.containerd.server.v1.debug"]\n  address = "${socket}"\n`);
  await daemon.start();
  await using client = new GrpcClient(() => connect(daemon.address));
  const subscribed = Promise.withResolvers<void>();
  const events = rpcClient(client, EventsDefinition).subscribe({ filters: [] }, { onHeaders: subscribed.resolve });
  const first = events.next();
  // What fails below ends the stream.
  first.catch(() => undefined);
  await subscribed.promise;
  const { body: variables } = await get(socket, '/debug/vars');
  const { pid, loop, calls } = JSON.parse(String(variables)) as {
    readonly pid: number;
    readonly loop: { readonly turns: string };
    readonly calls: readonly { readonly method: string }[];
  };
  assert.equal(pid, daemon.pid);
  assert.ok(Number(loop.turns) > 0);
  const { body: turns } = await get(socket, '/debug/loop?reset=1');
  const { wall } = JSON.parse(String(turns)) as { readonly wall: { readonly longest: string } };
  assert.ok(Number(wall.longest) > 0);
  assert.deepEqual(
    calls.map(({ method }) => method),
    ['/containerd.services.events.v1.Events/Subscribe'],
  );
  // Whichever of them comes second is refused.
  const both = await Promise.all([1, 2].map(() => get(socket, '/debug/pprof/profile?seconds=2')));
  assert.deepEqual(both.map(({ status }) => status).sort(), [200, 409]);
  // As Go's tools read it: gzip around protobuf, with the names in a table of strings.
  const profile = both.find(({ status }) => status === 200);
  assert.ok(gunzipSync(profile?.body ?? Buffer.alloc(0)).includes('nanoseconds'));
  const heap = await get(socket, '/debug/pprof/heap?seconds=0.2');
  assert.ok(gunzipSync(heap.body).includes('inuse_space'));
  assert.equal((await get(socket, '/debug/pprof/profile?seconds=x')).status, 400);
  assert.equal((await get(socket, '/debug/pprof/absent')).status, 404);
  assert.match(await new Ctr(daemon).ok(['pprof', '-d', socket, 'goroutines']), /Events\/Subscribe/);
  await events.return?.();
  await first;
});

describe('the gRPC listener', () => {
  test('takes and sends messages up to the sizes that the configuration says', async () => {
    const daemon = new DaemonUnderTest({ kind: 'gantry' });
    await using _daemon = daemon;
    daemon.configure(
      '[plugins."io.containerd.server.v1.grpc"]\n  max_recv_message_size = 2000\n  max_send_message_size = 3000\n',
    );
    await daemon.start();
    await using client = new GrpcClient(() => connect(daemon.address));
    const namespaces = rpcClient(client, NamespacesDefinition);
    const create = (name: string, size: number) => {
      daemon.track({ namespaces: [name] });
      return namespaces.create({ namespace: { name, labels: new Map([['k', 'v'.repeat(size)]]) } });
    };
    await assert.rejects(create('large', 2100), {
      kind: 'resource-exhausted',
      message: /received message larger than max \(\d+ vs\. 2000 bytes\)/,
    });
    await create('small-1', 1500);
    await create('small-2', 1500);
    await assert.rejects(namespaces.list({ filter: '' }), {
      kind: 'resource-exhausted',
      message: /trying to send message larger than max \(\d+ vs\. 3000\)/,
    });
    await namespaces.delete({ name: 'small-1' });
    assert.equal((await namespaces.list({ filter: '' })).namespaces.length, 1);
    await namespaces.delete({ name: 'small-2' });
  });

  test('on TCP stays shut as long as there is no CRI to serve', async () => {
    const config = `[plugins."io.containerd.server.v1.grpc-tcp"]\n  address = "${freeAddress().address}"\n`;
    const daemon = new DaemonUnderTest({ kind: 'gantry' });
    await using _daemon = daemon;
    daemon.configure(config);
    await daemon.start();
    assert.match(await new Ctr(daemon).ok(['plugins', 'ls']), /io\.containerd\.server\.v1 +grpc-tcp +- +skip/);
    assert.match(daemon.log, /no tcp grpc services configured/);
  });
});
