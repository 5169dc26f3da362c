import { isTable, type Table } from './table.ts';

const server = 'io.containerd.server.v1';

/** Old key, new table, new key. Defaults of a file that an older version wrote are empty or zero: they say nothing. */
const moves: readonly (readonly [section: string, key: string, plugin: string, newKey: string])[] = [
  ['grpc', 'address', `${server}.grpc`, 'address'],
  ['grpc', 'uid', `${server}.grpc`, 'uid'],
  ['grpc', 'gid', `${server}.grpc`, 'gid'],
  ['grpc', 'max_recv_message_size', `${server}.grpc`, 'max_recv_message_size'],
  ['grpc', 'max_send_message_size', `${server}.grpc`, 'max_send_message_size'],
  ['grpc', 'tcp_address', `${server}.grpc-tcp`, 'address'],
  ['grpc', 'tcp_tls_ca', `${server}.grpc-tcp`, 'tls_ca'],
  ['grpc', 'tcp_tls_cert', `${server}.grpc-tcp`, 'tls_cert'],
  ['grpc', 'tcp_tls_key', `${server}.grpc-tcp`, 'tls_key'],
  ['grpc', 'tcp_tls_common_name', `${server}.grpc-tcp`, 'tls_common_name'],
  ['ttrpc', 'address', `${server}.ttrpc`, 'address'],
  ['ttrpc', 'uid', `${server}.ttrpc`, 'uid'],
  ['ttrpc', 'gid', `${server}.ttrpc`, 'gid'],
  ['debug', 'address', `${server}.debug`, 'address'],
  ['debug', 'uid', `${server}.debug`, 'uid'],
  ['debug', 'gid', `${server}.debug`, 'gid'],
  ['metrics', 'address', `${server}.metrics`, 'address'],
  ['metrics', 'grpc_histogram', 'io.containerd.metrics.v1.grpc-prometheus', 'grpc_histogram'],
];

/** From version 3 to 4: listeners are plugins with tables of their own. */
export function migrateVersion3(document: Table): Table {
  const { grpc: _grpc, ttrpc: _ttrpc, metrics: _metrics, plugin_dir: _pluginDir, debug, ...rest } = document;
  const { subreaper: _subreaper, no_subreaper: _noSubreaper, ...migrated } = rest;
  const plugins: Record<string, unknown> = isTable(document['plugins']) ? { ...document['plugins'] } : {};
  for (const [section, key, plugin, newKey] of moves) {
    const table = document[section];
    if (!isTable(table) || !Object.hasOwn(table, key)) continue;
    const value = table[key];
    if (value === '' || value === 0) continue;
    const target = plugins[plugin];
    plugins[plugin] = { ...(isTable(target) ? target : {}), [newKey]: value };
  }
  const kept = isTable(debug)
    ? { debug: Object.fromEntries(Object.entries(debug).filter(([key]) => !['address', 'uid', 'gid'].includes(key))) }
    : {};
  return { ...migrated, ...kept, plugins, version: 4 };
}
