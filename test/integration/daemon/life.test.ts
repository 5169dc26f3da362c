import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { Any } from '../../../api/gen/google/protobuf/any.ts';
import { EventsDefinition } from '../../../api/gen/containerd/services/events/v1/events.ts';
import { IntrospectionDefinition } from '../../../api/gen/containerd/services/introspection/v1/introspection.ts';
import { VersionDefinition } from '../../../api/gen/containerd/services/version/v1/version.ts';
import { HealthCheckResponse_ServingStatus, HealthDefinition } from '../../../api/gen/grpc/health/v1/health.ts';
import { rpcClient } from '../../../api/rpc/rpc-client.ts';
import { Child } from '../../lab/child.ts';
import { peers } from '../../lab/peers.ts';
import { runProgram } from '../../lab/run-program.ts';
import { TemporaryDirectory } from '../../lab/temporary-directory.ts';
import { daemonFlags, runGantry, SourceDaemon } from './source-daemon.ts';

describe('a daemon', () => {
  test('answers ctr of every age', async () => {
    await using daemon = await SourceDaemon.start();
    const { stdout: line } = await runGantry(['-v']);
    const [name, , version = ''] = line.trim().split(' ');
    assert.equal(name, 'gantry');
    assert.match(version, /^2\.3\.4\+gantry\.\d+\.\d+\.\d+$/);
    for (const age of peers.versions) {
      const ctr = (...args: string[]) => runProgram(peers.ctr(age), ['-a', daemon.places.address, ...args]);
      const answer = await ctr('version');
      assert.equal(answer.code, 0, answer.stderr);
      assert.ok(answer.stdout.includes(`Version:  ${version}`), answer.stdout);
      const plugins = await ctr('plugins', 'ls');
      assert.match(plugins.stdout, /io\.containerd\.grpc\.v1 +version +- +ok/);
      assert.match(plugins.stdout, /io\.containerd\.runtime\.v2 +task +linux\/amd64 +ok/);
      assert.doesNotMatch(plugins.stdout, / error/);
    }
  });

  test('has directories and sockets that only root may use, and takes the sockets away', async () => {
    await using daemon = await SourceDaemon.start();
    const { root, state, address } = daemon.places;
    const mode = (path: string): number => statSync(path).mode & 0o777;
    assert.deepEqual([root, state, address, `${address}.ttrpc`].map(mode), [0o700, 0o711, 0o660, 0o660]);
    assert.equal((await daemon.kill('SIGTERM')).code, 0);
    assert.deepEqual(readdirSync(dirname(address)), []);
  });

  test('stops at SIGINT, keeps its uuid, and is free to start again after SIGKILL', async () => {
    await using daemon = await SourceDaemon.start();
    const uuid = async (): Promise<string> => {
      await using client = daemon.client();
      const server = await rpcClient(client, IntrospectionDefinition).server({});
      assert.equal(server.pid, BigInt(daemon.child.pid));
      assert.equal(server.pidns, statSync('/proc/self/ns/pid', { bigint: true }).ino);
      return server.uuid;
    };
    const first = await uuid();
    await daemon.kill('SIGKILL');
    await daemon.start();
    assert.equal(await uuid(), first);
    assert.equal((await daemon.kill('SIGINT')).code, 0);
    await daemon.start();
    assert.equal(await uuid(), first);
  });

  test('reports at SIGUSR1 and stays at SIGHUP and SIGPIPE', async () => {
    await using daemon = await SourceDaemon.start();
    await using client = daemon.client();
    const subscribed = Promise.withResolvers<void>();
    const events = rpcClient(client, EventsDefinition).subscribe({ filters: [] }, { onHeaders: subscribed.resolve });
    const first = events.next();
    await subscribed.promise;
    daemon.child.kill('SIGUSR1');
    const [line, file = ''] = await daemon.child.message(/msg=report .*file=(\S+).*/);
    assert.match(line, /Events\/Subscribe/);
    await events.return?.();
    await first;
    daemon.child.kill('SIGPIPE');
    daemon.child.kill('SIGHUP');
    await daemon.child.message(/msg="ignoring signal" signal=SIGHUP/);
    assert.equal((await daemon.kill('SIGTERM')).code, 0);
    const report = JSON.parse(readFileSync(file, 'utf8')) as {
      readonly header: { readonly event: string };
      readonly gantry: { readonly plugins: readonly { readonly plugin: string; readonly skipped?: string }[] };
    };
    assert.equal(report.header.event, 'JavaScript API');
    const debug = report.gantry.plugins.find(({ plugin }) => plugin === 'io.containerd.server.v1.debug');
    assert.match(debug?.skipped ?? '', /no address/);
  });

  for (const kind of ['path', 'abstract'])
    test(`tells systemd when it is ready and when it stops (${kind})`, async () => {
      using directory = new TemporaryDirectory();
      const name = join(directory.path, 'notify');
      const socket = kind === 'path' ? name : `@${name}`;
      const listen = `use Socket; $|=1; $ARGV[0] =~ s/^@/\\0/; socket(S,AF_UNIX,SOCK_DGRAM,0); bind(S,pack_sockaddr_un($ARGV[0])); print "bound\\n";
      for (1..2) { recv(S,$m,99,0); print "$m\\n" }`;
      const listener = await Child.start('perl', ['-e', listen, socket]);
      await listener.output(/bound/);
      await using daemon = await SourceDaemon.start({ NOTIFY_SOCKET: socket });
      await listener.output(/READY=1/);
      await daemon.kill('SIGTERM');
      assert.equal((await listener.exited).stdout, 'bound\nREADY=1\nSTOPPING=1\n');
    });

  test('publishes an event that a program hands it on stdin', async () => {
    await using daemon = await SourceDaemon.start();
    await using client = daemon.client();
    const { promise: subscribed, resolve } = Promise.withResolvers<void>();
    const events = rpcClient(client, EventsDefinition).subscribe({ filters: [] }, { onHeaders: resolve });
    const first = events.next();
    await subscribed;
    const event = Any.encode({ typeUrl: 'containerd.events.TaskOOM', value: Buffer.from('0a026331', 'hex') }).finish();
    const flags = ['--address', daemon.places.address, 'publish', '--topic', '/tasks/oom', '--namespace', 'tests'];
    const outcome = await runGantry(flags, Buffer.from(event));
    assert.equal(outcome.code, 0, outcome.stderr);
    const envelope: unknown = (await first).value;
    assert.ok(typeof envelope === 'object' && envelope !== null && 'topic' in envelope && 'namespace' in envelope);
    assert.deepEqual([envelope.topic, envelope.namespace], ['/tasks/oom', 'tests']);
    await events.return?.();
  });

  test('tells its health, and those who watch that it stops', async () => {
    await using daemon = await SourceDaemon.start();
    await using client = daemon.client();
    const health = rpcClient(client, HealthDefinition);
    const { SERVING, SERVICE_UNKNOWN } = HealthCheckResponse_ServingStatus;
    assert.deepEqual(await health.check({ service: '' }), { status: SERVING });
    assert.deepEqual((await health.list({})).statuses, new Map([['', { status: SERVING }]]));
    await assert.rejects(health.check({ service: 'x' }), { kind: 'not-found' });
    const unknown = health.watch({ service: 'x' });
    assert.deepEqual((await unknown.next()).value, { status: SERVICE_UNKNOWN });
    await unknown.return?.();
    const watched = health.watch({ service: '' });
    assert.deepEqual((await watched.next()).value, { status: SERVING });
    const end = watched.next().then(
      ({ value }): unknown => value,
      (error: unknown) => error,
    );
    await daemon.kill('SIGTERM');
    assert.match(JSON.stringify(await end), /unavailable/);
  });

  test('answers a method that it does not serve with its name', async () => {
    await using daemon = await SourceDaemon.start();
    await using client = daemon.client();
    const absent = { ...VersionDefinition, fullName: 'containerd.services.absent.v1.Absent' };
    await assert.rejects(rpcClient(client, absent).version({}), {
      kind: 'unimplemented',
      message: /containerd\.services\.absent\.v1\.Absent \(method Version\)/,
    });
    const introspection = rpcClient(client, IntrospectionDefinition);
    const known = { type: 'io.containerd.grpc.v1', id: 'version', options: { typeUrl: 'x', value: new Uint8Array() } };
    await assert.rejects(introspection.pluginInfo(known), { kind: 'unimplemented' });
    await assert.rejects(introspection.pluginInfo({ ...known, id: 'x' }), { kind: 'not-found' });
    const { plugins } = await introspection.plugins({ filters: ['type==io.containerd.snapshotter.v1,id~="over"'] });
    assert.deepEqual(
      plugins.map(({ id }) => id),
      ['overlayfs'],
    );
    await assert.rejects(introspection.plugins({ filters: ['=='] }), { kind: 'invalid-argument' });
  });
});

describe('a daemon that cannot run ends with 1 and says why', () => {
  test('a configuration', async () => {
    using directory = new TemporaryDirectory();
    const file = join(directory.path, 'config.toml');
    writeFileSync(file, 'version = 2\n[grpc]\nuid = "root"\n');
    const { code, stderr } = await runGantry(['-c', file]);
    assert.equal(code, 1);
    assert.equal(stderr, `gantry: ${file}: grpc.uid must be a number, not a string: invalid argument\n`);
  });

  test('a required plugin', async () => {
    using directory = new TemporaryDirectory();
    const file = join(directory.path, 'config.toml');
    const places = ['root', 'state'].map((name) => `${name} = "${join(directory.path, name)}"\n`).join('');
    const required = 'io.containerd.snapshotter.v1.zfs';
    writeFileSync(file, `version = 2\n${places}required_plugins = ["${required}"]\n`);
    const { code, stderr } = await runGantry(['-c', file, '-a', join(directory.path, 'g.sock')]);
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`required plugin .*${required}.* is not included or disabled`));
    assert.deepEqual(readdirSync(directory.path), ['config.toml']);
  });

  test('another Gantry on its root', async () => {
    await using daemon = await SourceDaemon.start();
    const places = { ...daemon.places, state: `${daemon.places.state}2`, address: `${daemon.places.address}2` };
    const { code, stderr } = await runGantry(daemonFlags(places));
    assert.equal(code, 1);
    assert.match(stderr, /root .* is in use by another Gantry/);
  });

  test('another daemon on its socket', async () => {
    await using daemon = await SourceDaemon.start();
    const { root, state, address } = daemon.places;
    const { code, stderr } = await runGantry(daemonFlags({ root: `${root}2`, state: `${state}2`, address }));
    assert.equal(code, 1);
    assert.match(stderr, /another daemon listens on/);
    assert.deepEqual(readdirSync(daemon.directory).sort(), ['root', 'run', 'state']);
  });
});
