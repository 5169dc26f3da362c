import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { TaskOOM } from '../../../api/gen/containerd/events/events.ts';
import { EventsDefinition } from '../../../api/gen/containerd/services/events/v1/events.ts';
import { Any } from '../../../api/gen/google/protobuf/any.ts';
import { GrpcClient } from '../../../api/grpc/grpc-client.ts';
import { rpcClient } from '../../../api/rpc/rpc-client.ts';
import { Child } from '../../lab/child.ts';
import { DaemonUnderTest } from '../../lab/daemon-under-test.ts';
import { peers } from '../../lab/peers.ts';
import { TemporaryDirectory } from '../../lab/temporary-directory.ts';

const programs = { '2.1.9': peers.containerd('2.1.9'), gantry: peers.gantry() };

async function run(file: string, args: readonly string[], input: string | Buffer, env: Record<string, string> = {}) {
  const child = await Child.start(file, args, { input, env });
  return child.exited;
}

for (const [kind, program] of Object.entries(programs)) {
  test(`oci-hook of ${kind} fills in what the runtime tells, and runs the program`, async () => {
    using directory = new TemporaryDirectory();
    const bundle = join(directory.path, 'bundle');
    mkdirSync(bundle);
    const script = join(directory.path, 'hook');
    writeFileSync(script, '#!/bin/sh\nprintf "%s|" "$@"; printf "%s" "$FROM_HOOK"; cat; exit 7\n');
    chmodSync(script, 0o755);
    const state = { ociVersion: '1.0.2', id: 'c1', status: 'created', pid: 42, bundle, annotations: { 'a.b': 'c d' } };
    const hook = async (root: string, ...args: string[]) => {
      writeFileSync(join(bundle, 'config.json'), JSON.stringify({ root: { path: root } }));
      const env = { FROM_HOOK: '{{id}}!' };
      const { code, stdout } = await run(program, ['oci-hook', script, ...args], JSON.stringify(state), env);
      return `${code} ${stdout.replaceAll(directory.path, 'DIR')}`;
    };
    const template = '{{ annotation "a.b" }}-{{annotation "none"}}-{{pid}}/{{ status }}';
    assert.equal(
      await hook('rootfs', '--flag', '{{id}}', template, '{{rootfs}}', '{{bundle}}'),
      '7 --flag|c1|c d--42/created|DIR/bundle/rootfs|DIR/bundle|c1!',
    );
    assert.equal(await hook('/abs', '{{rootfs}}', '-c'), '7 /abs|-c|c1!');
    assert.match(await hook('/abs', '{{ nobody }}'), /^1 $/);
    assert.match(await hook('/abs', '{{ id'), /^1 $/);
    assert.equal((await run(program, ['oci-hook', script], 'no JSON')).code, 1);
  });

  test(`publish of ${kind} reaches the daemon`, async () => {
    await using daemon = await DaemonUnderTest.start({ kind: 'gantry' });
    await using transport = new GrpcClient(() => connect(daemon.address));
    const stop = new AbortController();
    const standing = Promise.withResolvers<void>();
    const events = rpcClient(transport, EventsDefinition).subscribe(
      { filters: [] },
      { signal: stop.signal, onHeaders: standing.resolve },
    );
    const first = events.next();
    await standing.promise;
    const value = TaskOOM.encode({ containerId: 'c1' }).finish();
    const event = Buffer.from(Any.encode({ typeUrl: 'containerd.events.TaskOOM', value }).finish());
    const publish = (topic: string, namespace: string, address = daemon.address) =>
      run(program, ['--address', address, 'publish', '--topic', topic, '--namespace', namespace], event);
    assert.equal((await publish('/tasks/oom', daemon.namespace)).code, 0);
    const { value: envelope } = await first;
    assert.equal(envelope?.topic, '/tasks/oom');
    assert.equal(envelope.namespace, daemon.namespace);
    assert.deepEqual(TaskOOM.decode(envelope.event?.value ?? new Uint8Array()), { containerId: 'c1' });
    assert.equal((await publish('', daemon.namespace)).code, 1);
    assert.equal((await publish('no-slash', daemon.namespace)).code, 1);
    assert.equal((await publish('/tasks/oom', '')).code, 1);
    stop.abort();
    await first;
  });
}
