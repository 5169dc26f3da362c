import { readdir, readFile } from 'node:fs/promises';
import type { MetricFamily } from '../../pkg/metrics/metric-family.ts';
import type { MetricSource } from '../../pkg/metrics/metric-source.ts';

/** The version that `containerd_build_info_total` tells. */
export interface BuildInfo {
  readonly version: string;
  readonly revision: string;
}

/** This process, under the names that Prometheus's clients share, and its version under containerd's. */
export class ProcessMetrics implements MetricSource {
  readonly #build: BuildInfo;
  readonly #started = Date.now() / 1000 - process.uptime();

  constructor(build: BuildInfo) {
    this.#build = build;
  }

  async collect(): Promise<readonly MetricFamily[]> {
    const { version, revision } = this.#build;
    const { user, system } = process.cpuUsage();
    const [descriptors, limits, status] = await Promise.all([
      readdir('/proc/self/fd'),
      readFile('/proc/self/limits', 'utf8'),
      readFile('/proc/self/status', 'utf8'),
    ]);
    const maxFiles = Number(/^Max open files +(\d+)/m.exec(limits)?.[1] ?? 0);
    const virtual = Number(/^VmSize:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
    const { rss, heapUsed } = process.memoryUsage();
    return [
      {
        name: 'containerd_build_info_total',
        help: 'containerd build information',
        type: 'counter',
        samples: [{ labels: [['revision', revision], ['version', version]], value: 1 }], // prettier-ignore
      },
      one('process_cpu_seconds_total', 'Total user and system CPU time spent in seconds.', (user + system) / 1e6),
      one('process_max_fds', 'Maximum number of open file descriptors.', maxFiles),
      one('process_open_fds', 'Number of open file descriptors.', descriptors.length),
      one('process_resident_memory_bytes', 'Resident memory size in bytes.', rss),
      one('process_virtual_memory_bytes', 'Virtual memory size in bytes.', virtual),
      one('process_start_time_seconds', 'Start time of the process since unix epoch in seconds.', this.#started),
      one('gantry_heap_used_bytes', 'Memory of the JavaScript heap that is in use, in bytes.', heapUsed),
    ];
  }
}

function one(name: string, help: string, value: number): MetricFamily {
  const type = name.endsWith('_total') ? 'counter' : 'gauge';
  return { name, help, type, samples: [{ labels: [], value }] };
}
