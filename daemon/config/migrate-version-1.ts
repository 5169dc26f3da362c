import { isTable, type Table } from './table.ts';

/** Version 1 named plugins by their ids alone. */
const types: Readonly<Record<string, string>> = {
  content: 'content.v1',
  bolt: 'metadata.v1',
  scheduler: 'gc.v1',
  opt: 'internal.v1',
  restart: 'internal.v1',
  tracing: 'internal.v1',
  cgroups: 'monitor.v1',
  task: 'runtime.v2',
  linux: 'runtime.v1',
  walking: 'differ.v1',
  exchange: 'event.v1',
  cri: 'grpc.v1',
  ...Object.fromEntries(
    ['aufs', 'btrfs', 'devmapper', 'native', 'overlayfs', 'zfs', 'blockfile'].map((id) => [id, 'snapshotter.v1']),
  ),
  ...Object.fromEntries(
    ['containers', 'content', 'diff', 'images', 'introspection', 'namespaces', 'snapshots', 'tasks', 'leases'].map(
      (id) => [`${id}-service`, 'service.v1'],
    ),
  ),
};

/** From version 1 to 2: names of plugins become `io.containerd.<type>.<id>`. What is not known stays as it is. */
export function migrateVersion1(document: Table): Table {
  const migrated: Record<string, unknown> = { ...document, version: 2 };
  for (const key of ['disabled_plugins', 'required_plugins']) {
    const names = document[key];
    if (Array.isArray(names)) migrated[key] = names.map((name: unknown) => fullName(name));
  }
  if (isTable(document['plugins'])) {
    const tables = Object.entries(document['plugins']).map(([name, table]) => [fullName(name), table]);
    migrated['plugins'] = Object.fromEntries(tables);
  }
  return migrated;
}

function fullName(name: unknown): unknown {
  if (typeof name !== 'string' || !Object.hasOwn(types, name)) return name;
  return `io.containerd.${types[name] ?? ''}.${name}`;
}
