import type { Table } from './table.ts';

// What a table may hold: an example of each key's value tells its type. A table without keys, and a list without elements, may
// hold anything.

const proxyPlugin: Table = { type: '', address: '', platform: '', exports: {}, capabilities: [''] };
const streamProcessor: Table = { accepts: [''], returns: '', path: '', args: [''], env: [''] };

/** Tables whose keys are names that the user chooses, with what each holds. */
export const namedTables: Readonly<Record<string, unknown>> = {
  proxy_plugins: proxyPlugin,
  stream_processors: streamProcessor,
  timeouts: '',
};

const everyVersion: Table = {
  version: 0,
  root: '',
  state: '',
  temp: '',
  disabled_plugins: [''],
  required_plugins: [''],
  oom_score: 0,
  imports: [''],
  cgroup: { path: '' },
  proxy_plugins: {},
  stream_processors: {},
  timeouts: {},
  plugins: {},
};

/** The top level of a file of version 4. */
export const currentSchema: Table = {
  ...everyVersion,
  debug: { level: '', format: '', log_trace_id: false },
};

/** The top level of files of version 1 to 3. */
export const olderSchema: Table = {
  ...everyVersion,
  // Plugins are not loaded from shared objects; what older versions wrote by default is no mistake.
  plugin_dir: '',
  subreaper: false,
  no_subreaper: false,
  debug: { address: '', uid: 0, gid: 0, level: '', format: '' },
  grpc: {
    address: '',
    tcp_address: '',
    tcp_tls_ca: '',
    tcp_tls_cert: '',
    tcp_tls_key: '',
    tcp_tls_common_name: '',
    uid: 0,
    gid: 0,
    max_recv_message_size: 0,
    max_send_message_size: 0,
  },
  ttrpc: { address: '', uid: 0, gid: 0 },
  metrics: { address: '', grpc_histogram: false },
};
