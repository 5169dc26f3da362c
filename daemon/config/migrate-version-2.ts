import { isTable, type Table } from './table.ts';

const cri = 'io.containerd.grpc.v1.cri';
const criImages = 'io.containerd.cri.v1.images';
const criRuntime = 'io.containerd.cri.v1.runtime';
const taskRuntime = 'io.containerd.runtime.v2.task';
const shimManager = 'io.containerd.shim.v1.manager';

const renames: Readonly<Record<string, string>> = {
  'io.containerd.monitor.v1.cgroups': 'io.containerd.monitor.task.v1.cgroups',
  'io.containerd.internal.v1.restart': 'io.containerd.monitor.container.v1.restart',
};

/** What stays with the CRI's own plugin: its streaming server. */
const streamingKeys = new Set([
  'disable_tcp_service',
  'stream_server_address',
  'stream_server_port',
  'stream_idle_timeout',
  'enable_tls_streaming',
  'x509_key_pair_streaming',
]);

const imageKeys = new Set([
  'registry',
  'image_decryption',
  'max_concurrent_downloads',
  'image_pull_progress_timeout',
  'image_pull_with_sync_fs',
  'stats_collect_period',
]);

/** Of `[plugins.cri.containerd]`. */
const containerdImageKeys = new Set(['snapshotter', 'disable_snapshot_annotations', 'discard_unpacked_layers']);

/** Settings that did nothing any more, or whose replacement has its own key (containerd 2.0's release notes). */
const goneKeys = new Set(['systemd_cgroup', 'disable_cgroup']);
const goneContainerdKeys = new Set(['no_pivot', 'default_runtime', 'untrusted_workload_runtime']);
const goneRuntimeKeys = new Set(['runtime_engine', 'runtime_root']);

/** From version 2 to 3: the CRI plugin's table is split in three, two plugins have new names, and one setting a new place. */
export function migrateVersion2(document: Table): Table {
  const migrated: Record<string, unknown> = { ...document, version: 3 };
  if (!isTable(document['plugins'])) return migrated;
  const plugins: Record<string, unknown> = {};
  for (const [uri, table] of Object.entries(document['plugins'])) {
    if (uri === cri && isTable(table)) Object.assign(plugins, splitCri(table));
    else plugins[renames[uri] ?? uri] = table;
  }
  moveCoreScheduling(plugins);
  migrated['plugins'] = plugins;
  return migrated;
}

/** Shims are told of core scheduling by their environment. */
function moveCoreScheduling(plugins: Record<string, unknown>): void {
  const runtime = plugins[taskRuntime];
  if (!isTable(runtime) || !Object.hasOwn(runtime, 'sched_core')) return;
  const { sched_core: wanted, ...rest } = runtime;
  plugins[taskRuntime] = rest;
  if (wanted !== true) return;
  const manager = plugins[shimManager];
  const table = isTable(manager) ? manager : {};
  const env: readonly unknown[] = Array.isArray(table['env']) ? table['env'] : [];
  plugins[shimManager] = { ...table, env: [...env, 'SCHED_CORE=1'] };
}

function splitCri(table: Table): Record<string, Table> {
  const streaming: Record<string, unknown> = {};
  const images: Record<string, unknown> = {};
  const runtime: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(table)) {
    if (key === 'containerd' && isTable(value)) splitContainerd(value, images, runtime);
    else if (key === 'cni' && isTable(value)) runtime[key] = renameInCni(value);
    else if (key === 'sandbox_image') images['pinned_images'] = { sandbox: value };
    else if (streamingKeys.has(key)) streaming[key] = value;
    else if (imageKeys.has(key)) images[key] = value;
    else if (!goneKeys.has(key)) runtime[key] = value;
  }
  const split = { [criImages]: images, [criRuntime]: runtime, [cri]: streaming };
  return Object.fromEntries(Object.entries(split).filter(([, part]) => Object.keys(part).length > 0));
}

function splitContainerd(table: Table, images: Record<string, unknown>, runtime: Record<string, unknown>): void {
  const containerd: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(table)) {
    if (containerdImageKeys.has(key)) images[key] = value;
    else if (key === 'runtimes' && isTable(value)) containerd[key] = renameInRuntimes(value);
    else if (!goneContainerdKeys.has(key)) containerd[key] = value;
  }
  if (Object.keys(containerd).length > 0) runtime['containerd'] = containerd;
}

/** A runtime's `sandbox_mode` is its `sandboxer` now. */
function renameInRuntimes(runtimes: Table): Table {
  const renamed = Object.entries(runtimes).map(([name, runtime]): [string, unknown] => {
    if (!isTable(runtime)) return [name, runtime];
    const entries = Object.entries(runtime).filter(([key]) => !goneRuntimeKeys.has(key));
    return [
      name,
      Object.fromEntries(entries.map(([key, value]) => [key === 'sandbox_mode' ? 'sandboxer' : key, value])),
    ];
  });
  return Object.fromEntries(renamed);
}

/** One directory of programs has become a list. */
function renameInCni(cni: Table): Table {
  const { bin_dir: directory, ...rest } = cni;
  return directory === undefined || directory === '' ? cni : { ...rest, bin_dirs: [directory] };
}
