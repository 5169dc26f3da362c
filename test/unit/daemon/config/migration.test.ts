import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parse } from 'smol-toml';
import { builtins } from '../../../../daemon/builtins.ts';
import { loadConfiguration } from '../../../../daemon/config/load-configuration.ts';
import { mergeTables } from '../../../../daemon/config/merge-tables.ts';
import { migrateVersion2 } from '../../../../daemon/config/migrate-version-2.ts';
import { printToml } from '../../../../daemon/config/print-toml.ts';
import { isTable, type Table } from '../../../../daemon/config/table.ts';
import { peers, type PeerVersion } from '../../../lab/peers.ts';
import { runProgram } from '../../../lab/run-program.ts';
import { TemporaryDirectory } from '../../../lab/temporary-directory.ts';

/** What dockerd's supervisor wrote for its containerd, before and since 23.0. */
const dockerd = `disabled_plugins = ["io.containerd.grpc.v1.cri"]
imports = []
oom_score = -500
plugin_dir = ""
required_plugins = []
root = "/var/lib/docker/containerd/daemon"
state = "/var/run/docker/containerd/daemon"
temp = ""
version = 2

[cgroup]
  path = ""

[debug]
  address = "/var/run/docker/containerd/containerd-debug.sock"
  format = ""
  gid = 0
  level = "debug"
  uid = 0

[grpc]
  address = "/var/run/docker/containerd/containerd.sock"
  gid = 0
  max_recv_message_size = 16777216
  max_send_message_size = 16777216
  tcp_address = ""
  tcp_tls_ca = ""
  tcp_tls_cert = ""
  tcp_tls_key = ""
  uid = 0

[metrics]
  address = ""
  grpc_histogram = false

[plugins]

[proxy_plugins]

[stream_processors]

[timeouts]

[ttrpc]
  address = ""
  gid = 0
  uid = 0
`;

/** Version 2 with all that moves. */
const moved = `version = 2
[plugins."io.containerd.grpc.v1.cri"]
  systemd_cgroup = true
  sandbox_image = "registry.example/pause:1"
  max_concurrent_downloads = 7
  enable_selinux = true
  stream_server_port = "99"
[plugins."io.containerd.grpc.v1.cri".registry]
  config_path = "/etc/certs"
[plugins."io.containerd.grpc.v1.cri".registry.mirrors."docker.io"]
  endpoint = ["https://mirror.example"]
[plugins."io.containerd.grpc.v1.cri".containerd]
  snapshotter = "native"
  no_pivot = true
[plugins."io.containerd.grpc.v1.cri".containerd.untrusted_workload_runtime]
  runtime_type = "io.containerd.kata.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.kata]
  runtime_type = "io.containerd.kata.v2"
  runtime_root = "/run/kata"
  runtime_engine = "/bin/kata"
  sandbox_mode = "shim"
  snapshotter = "devmapper"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.kata.options]
  ConfigPath = "/etc/kata.toml"
[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "/opt/other"
[plugins."io.containerd.monitor.v1.cgroups"]
  no_prometheus = true
[plugins."io.containerd.internal.v1.restart"]
  interval = "3s"
`;

async function containerd(version: PeerVersion, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runProgram(peers.containerd(version), args);
  assert.equal(code, 0, stderr);
  return stdout;
}

/** What containerd prints and no plugin of ours reads; a user is told. */
const unread = new Set([
  "plugins.'io.containerd.runtime.v2.task'.sched_core",
  "plugins.'io.containerd.metadata.v1.bolt'.content_sharing_policy",
  "plugins.'io.containerd.metadata.v1.bolt'.no_sync",
  "plugins.'io.containerd.service.v1.tasks-service'.blockio_config_file",
  "plugins.'io.containerd.service.v1.tasks-service'.rdt_config_file",
  "plugins.'io.containerd.transfer.v1.local'.unpack_config",
]);

/** Without values that say nothing: the two programs differ in which of them they print. */
function essence(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(essence);
  if (!isTable(value)) return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, essence(inner)] as const);
  return Object.fromEntries(entries.filter(([, inner]) => !isEmpty(inner)));
}

function isEmpty(value: unknown): boolean {
  if (isTable(value) || Array.isArray(value)) return Object.keys(value).length === 0;
  return value === '' || value === 0 || value === false;
}

function pluginsOf(document: Table): Table {
  return isTable(document['plugins']) ? document['plugins'] : {};
}

describe('version 2 becomes 3 as in containerd 2.1.9', () => {
  for (const source of ['1.6.20', '1.7.24', 'moved'] as const) {
    test(source === 'moved' ? 'what users set' : `the default of ${source}`, async () => {
      using directory = new TemporaryDirectory();
      const file = join(directory.path, 'config.toml');
      const text = source === 'moved' ? moved : await containerd(source, 'config', 'default');
      writeFileSync(file, text);
      const wanted = pluginsOf(parse(await containerd('2.1.9', '-c', file, 'config', 'migrate')));
      const defaults = pluginsOf(parse(await containerd('2.1.9', 'config', 'default')));
      const ours = mergeTables(defaults, pluginsOf(migrateVersion2(parse(text))));
      assert.deepEqual(essence(ours), essence(wanted));
    });
  }
});

describe('files that containerd wrote are read without a complaint', () => {
  for (const version of peers.versions) {
    test(`config default of ${version}`, async () => {
      using directory = new TemporaryDirectory();
      const file = join(directory.path, 'config.toml');
      writeFileSync(file, await containerd(version, 'config', 'default'));
      const configuration = await loadConfiguration(file, builtins);
      assert.equal(configuration.root, '/var/lib/containerd');
      assert.equal(configuration.address, '/run/containerd/containerd.sock');
      assert.equal(configuration.ttrpcAddress, '/run/containerd/containerd.sock.ttrpc');
      assert.equal(configuration.timeouts.get('io.containerd.timeout.shim.load'), 5000);
      const keys = configuration.warnings.map(({ fields }) => fields['key']).filter((key) => key !== undefined);
      const gone = keys.filter((key) => typeof key !== 'string' || !unread.has(key));
      assert.deepEqual(gone, []);
    });
  }
});

test('the file that dockerd writes', async () => {
  using directory = new TemporaryDirectory();
  const file = join(directory.path, 'containerd.toml');
  writeFileSync(file, dockerd);
  const configuration = await loadConfiguration(file, builtins);
  assert.equal(configuration.root, '/var/lib/docker/containerd/daemon');
  assert.equal(configuration.state, '/var/run/docker/containerd/daemon');
  assert.equal(configuration.address, '/var/run/docker/containerd/containerd.sock');
  assert.equal(configuration.ttrpcAddress, '/var/run/docker/containerd/containerd.sock.ttrpc');
  assert.equal(configuration.oomScore, -500);
  assert.equal(configuration.logLevel, 'debug');
  assert.deepEqual(configuration.disabledPlugins, ['io.containerd.grpc.v1.cri']);
  assert.deepEqual(configuration.plugins.get('io.containerd.server.v1.debug'), {
    address: '/var/run/docker/containerd/containerd-debug.sock',
  });
  assert.deepEqual(
    configuration.warnings.map(({ message }) => message),
    ['Configuration migrated from version 2, use `gantry config migrate` to avoid migration'],
  );
});

test('version 1 named plugins by their ids', async () => {
  using directory = new TemporaryDirectory();
  const file = join(directory.path, 'config.toml');
  writeFileSync(
    file,
    `root = "/r"\ndisabled_plugins = ["cri", "restart"]\n[plugins.scheduler]\n  pause_threshold = 0.03\n[plugins.overlayfs]\n  root_path = "/q"\n`,
  );
  const configuration = await loadConfiguration(file, builtins);
  assert.deepEqual(configuration.disabledPlugins, ['io.containerd.grpc.v1.cri', 'io.containerd.internal.v1.restart']);
  assert.deepEqual({ ...configuration.plugins.get('io.containerd.gc.v1.scheduler') }, { pause_threshold: 0.03 });
  assert.deepEqual({ ...configuration.plugins.get('io.containerd.snapshotter.v1.overlayfs') }, { root_path: '/q' });
});

test('version 3 has listeners at the top, version 4 among the plugins', async () => {
  using directory = new TemporaryDirectory();
  const file = join(directory.path, 'config.toml');
  writeFileSync(
    file,
    `version = 3
[grpc]
  address = "/a.sock"
  gid = 5
  tcp_address = "127.0.0.1:1"
  tcp_tls_ca = "/ca"
[debug]
  address = "/d.sock"
  level = "trace"
  format = "json"
[metrics]
  address = "127.0.0.1:2"
  grpc_histogram = true
`,
  );
  const configuration = await loadConfiguration(file, []);
  assert.deepEqual(Object.fromEntries(configuration.plugins), {
    'io.containerd.server.v1.grpc': { address: '/a.sock', gid: 5 },
    'io.containerd.server.v1.grpc-tcp': { address: '127.0.0.1:1', tls_ca: '/ca' },
    'io.containerd.server.v1.debug': { address: '/d.sock' },
    'io.containerd.server.v1.metrics': { address: '127.0.0.1:2' },
    'io.containerd.metrics.v1.grpc-prometheus': { grpc_histogram: true },
    // The owner is the gRPC socket's too.
    'io.containerd.server.v1.ttrpc': { address: '/a.sock.ttrpc', gid: 5 },
  });
  assert.equal(configuration.logLevel, 'trace');
  assert.equal(configuration.logFormat, 'json');
});

test('in version 4 the ttrpc socket does not follow', async () => {
  using directory = new TemporaryDirectory();
  const file = join(directory.path, 'config.toml');
  writeFileSync(file, `version = 4\n[plugins.'io.containerd.server.v1.grpc']\n  address = "/a.sock"\n`);
  const configuration = await loadConfiguration(file, builtins);
  assert.equal(configuration.address, '/a.sock');
  assert.equal(configuration.ttrpcAddress, '/run/containerd/containerd.sock.ttrpc');
  const overridden = await loadConfiguration(file, builtins, { address: '/b.sock', root: '/r', state: '/s' });
  assert.equal(overridden.address, '/b.sock');
  assert.equal(overridden.ttrpcAddress, '/b.sock.ttrpc');
  assert.equal(overridden.root, '/r');
});

test('what is printed reads back as the same, and as version 4', async () => {
  using directory = new TemporaryDirectory();
  const [first, second] = [join(directory.path, 'a.toml'), join(directory.path, 'b.toml')];
  writeFileSync(first, `${moved}\n[proxy_plugins.stargz]\n  type = "snapshot"\n  address = "/it's \\u0001 here"\n`);
  const migrated = await loadConfiguration(first, builtins);
  writeFileSync(second, printToml(migrated.document));
  const again = await loadConfiguration(second, builtins);
  // The parser's tables have no prototype.
  assert.deepEqual(structuredClone(again.document), structuredClone(migrated.document));
  assert.equal(migrated.document['version'], 4);
  assert.equal(again.proxyPlugins.get('stargz')?.address, "/it's \u0001 here");
  const complaints = again.warnings.filter(({ fields }) => fields['key'] !== undefined);
  assert.deepEqual(complaints, []);
});

test('core scheduling has become a setting of the environment of shims', () => {
  const task = 'io.containerd.runtime.v2.task';
  const manager = 'io.containerd.shim.v1.manager';
  const migrated = (schedCore: boolean, env?: string[]): unknown => {
    const own = env ? { [manager]: { env } } : {};
    const plugins = { [task]: { platforms: ['linux/amd64'], sched_core: schedCore }, ...own };
    return migrateVersion2({ version: 2, plugins })['plugins'];
  };
  const rest = { [task]: { platforms: ['linux/amd64'] } };
  assert.deepEqual(migrated(true), { ...rest, [manager]: { env: ['SCHED_CORE=1'] } });
  assert.deepEqual(migrated(true, ['A=b']), { ...rest, [manager]: { env: ['A=b', 'SCHED_CORE=1'] } });
  assert.deepEqual(migrated(false), rest);
});
