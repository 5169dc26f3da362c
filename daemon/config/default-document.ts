import type { Table } from './table.ts';

const decoder = 'io.containerd.ocicrypt.decoder.v1.tar';
const layer = 'application/vnd.oci.image.layer.v1.tar';
const decryption = {
  path: 'ctd-decoder',
  args: ['--decryption-keys-path', '/etc/containerd/ocicrypt/keys'],
  env: ['OCICRYPT_KEYPROVIDER_CONFIG=/etc/containerd/ocicrypt/ocicrypt_keyprovider.conf'],
};

/** The configuration without a file, apart from the tables of the plugins; in the order of containerd's `config default`. */
export const defaultDocument = {
  version: 4,
  root: '/var/lib/containerd',
  state: '/run/containerd',
  temp: '',
  disabled_plugins: [],
  required_plugins: [],
  oom_score: 0,
  imports: ['/etc/containerd/conf.d/*.toml'],
  debug: { level: '', format: '', log_trace_id: false },
  plugins: {},
  cgroup: { path: '' },
  proxy_plugins: {},
  timeouts: {
    'io.containerd.timeout.bolt.open': '0s',
    'io.containerd.timeout.cri.defercleanup': '1m0s',
    'io.containerd.timeout.metrics.shimstats': '2s',
    'io.containerd.timeout.shim.cleanup': '5s',
    'io.containerd.timeout.shim.load': '5s',
    'io.containerd.timeout.shim.shutdown': '3s',
    'io.containerd.timeout.task.state': '2s',
  },
  stream_processors: {
    [decoder]: { accepts: [`${layer}+encrypted`], returns: layer, ...decryption },
    [`${decoder}.gzip`]: { accepts: [`${layer}+gzip+encrypted`], returns: `${layer}+gzip`, ...decryption },
  },
} as const satisfies Table;
