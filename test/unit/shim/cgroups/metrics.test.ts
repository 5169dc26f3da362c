import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Metrics as MetricsV1 } from '../../../../api/gen/io/containerd/cgroups/v1/metrics.ts';
import { Metrics as MetricsV2 } from '../../../../api/gen/io/containerd/cgroups/v2/metrics.ts';
import type { KernelFiles } from '../../../../shim/cgroups/kernel-files.ts';
import { metricsV1 } from '../../../../shim/cgroups/metrics-v1.ts';
import { metricsV2 } from '../../../../shim/cgroups/metrics-v2.ts';

/** A machine that has these files and no others. */
function machine(files: Readonly<Record<string, string>>): KernelFiles {
  return {
    read: (path) => files[path] ?? null,
    list: (path) =>
      Object.keys(files)
        .filter((file) => file.startsWith(`${path}/`))
        .map((file) => file.slice(path.length + 1).split('/')[0] ?? ''),
  };
}

const hugePages = {
  '/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages': '0\n',
  '/sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages': '0\n',
  '/sys/kernel/mm/hugepages/hugepages-64kB/nr_hugepages': '0\n',
};

/** Files of a cgroup below a directory. */
function files(directory: string, contents: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(contents).map(([name, text]) => [`${directory}/${name}`, text]));
}

/** `name value` lines with a different value each, and the values by the names. */
function keyed(first: number, names: string): { text: string; values: bigint[] } {
  const values = names.split(' ').map((_, index) => BigInt(first + index));
  const lines = names.split(' ').map((name, index) => `${name} ${values[index]}\n`);
  return { text: lines.join(''), values };
}

const memoryNamesV1 =
  'cache rss rss_huge mapped_file dirty writeback pgpgin pgpgout pgfault pgmajfault inactive_anon active_anon inactive_file active_file unevictable hierarchical_memory_limit hierarchical_memsw_limit total_cache total_rss total_rss_huge total_mapped_file total_dirty total_writeback total_pgpgin total_pgpgout total_pgfault total_pgmajfault total_inactive_anon total_active_anon total_inactive_file total_active_file total_unevictable';

test('every field of version 1 is told where a client looks for it', () => {
  const memory = keyed(1000, memoryNamesV1);
  const directories = Object.fromEntries(
    ['memory', 'cpu', 'cpuacct', 'pids', 'blkio', 'hugetlb', 'rdma'].map((name) => [name, `/c/${name}/x`]),
  );
  const counters = (prefix: string, first: number): Record<string, string> => ({
    [`${prefix}limit_in_bytes`]: `${first}\n`,
    [`${prefix}usage_in_bytes`]: `${first + 1}\n`,
    [`${prefix}max_usage_in_bytes`]: `${first + 2}\n`,
    [`${prefix}failcnt`]: `${first + 3}\n`,
  });
  const bytes = metricsV1(
    directories,
    machine({
      ...hugePages,
      ...files('/c/memory/x', {
        'cgroup.procs': '1\n',
        'memory.stat': memory.text,
        ...counters('memory.', 1),
        ...counters('memory.memsw.', 5),
        ...counters('memory.kmem.', 9),
        ...counters('memory.kmem.tcp.', 13),
        'memory.oom_control': 'oom_kill_disable 1\nunder_oom 2\noom_kill 3\n',
      }),
      ...files('/c/cpu/x', { 'cpu.stat': 'nr_periods 1\nnr_throttled 2\nthrottled_time 3\n' }),
      ...files('/c/cpuacct/x', {
        'cpuacct.stat': 'user 7\nsystem 5\n',
        'cpuacct.usage': '18446744073709551615\n',
        'cpuacct.usage_percpu': '11 0 13 \n',
      }),
      ...files('/c/pids/x', { 'pids.current': '4\n', 'pids.max': 'max\n' }),
      ...files('/c/blkio/x', {
        'blkio.throttle.io_serviced': '254:16 Read 1\n254:16 Write 2\n7:3 Total 3\nTotal 6\n',
        'blkio.throttle.io_service_bytes': '254:16 Read 4096\nTotal 4096\n',
      }),
      '/proc/partitions':
        'major minor  #blocks  name\n\n 254       16     262144 vdb\n 254       16     262144 again\n',
      ...files('/c/hugetlb/x', {
        'hugetlb.2MB.usage_in_bytes': '1\n',
        'hugetlb.2MB.max_usage_in_bytes': '2\n',
        'hugetlb.2MB.failcnt': '3\n',
      }),
      ...files('/c/rdma/x', {
        'rdma.current': 'mlx4_0 hca_handle=1 hca_object=2\nocrdma1 hca_handle=3 hca_object=0\n',
        'rdma.max': 'mlx4_0 hca_handle=max hca_object=20\n',
      }),
    }),
  );
  assert.ok(bytes);
  const metrics = MetricsV1.decode(bytes);
  assert.ok(metrics.memory);
  const { usage, swap, kernel, kernelTcp, ...stat } = metrics.memory;
  assert.deepEqual(Object.values(stat), memory.values);
  const entry = (first: bigint): object => ({ limit: first, usage: first + 1n, max: first + 2n, failcnt: first + 3n });
  assert.deepEqual([usage, swap, kernel, kernelTcp], [entry(1n), entry(5n), entry(9n), entry(13n)]);
  const blockIo = (op: string, major: bigint, minor: bigint, value: bigint): object => ({
    op,
    device: major === 254n ? '/dev/vdb' : '',
    major,
    minor,
    value,
  });
  assert.deepEqual(metrics.blkio?.ioServicedRecursive, [
    blockIo('Read', 254n, 16n, 1n),
    blockIo('Write', 254n, 16n, 2n),
    blockIo('Total', 7n, 3n, 3n),
  ]);
  assert.deepEqual(metrics.blkio.ioServiceBytesRecursive, [blockIo('Read', 254n, 16n, 4096n)]);
  assert.deepEqual(metrics.cpu, {
    usage: { total: 2n ** 64n - 1n, kernel: 50_000_000n, user: 70_000_000n, perCpu: [11n, 0n, 13n] },
    throttling: { periods: 1n, throttledPeriods: 2n, throttledTime: 3n },
  });
  assert.deepEqual(metrics.pids, { current: 4n, limit: 0n });
  assert.deepEqual(metrics.hugetlb, [
    { usage: 0n, max: 0n, failcnt: 0n, pagesize: '1GB' },
    { usage: 1n, max: 2n, failcnt: 3n, pagesize: '2MB' },
    { usage: 0n, max: 0n, failcnt: 0n, pagesize: '64KB' },
  ]);
  assert.deepEqual(metrics.rdma, {
    current: [
      { device: 'mlx4_0', hcaHandles: 1, hcaObjects: 2 },
      { device: 'ocrdma1', hcaHandles: 3, hcaObjects: 0 },
    ],
    limit: [{ device: 'mlx4_0', hcaHandles: 2 ** 32 - 1, hcaObjects: 20 }],
  });
  assert.deepEqual(metrics.memoryOomControl, { oomKillDisable: 1n, underOom: 2n, oomKill: 3n });
});

test('controllers of version 1 that are not there are missing, and a cgroup that has gone is none', () => {
  const only = machine({ '/c/cpu/x/cgroup.procs': '' });
  const bytes = metricsV1({ cpu: '/c/cpu/x', memory: '/c/memory/x' }, only);
  assert.ok(bytes);
  const { cpu, ...rest } = MetricsV1.decode(bytes);
  assert.deepEqual(cpu, {
    usage: { total: 0n, kernel: 0n, user: 0n, perCpu: [] },
    throttling: { periods: 0n, throttledPeriods: 0n, throttledTime: 0n },
  });
  assert.ok(Object.values(rest).every((value) => value === undefined || (Array.isArray(value) && value.length === 0)));
  assert.equal(metricsV1({ cpu: '/c/cpu/y' }, only), null);
});

const memoryNamesV2 =
  'anon file kernel_stack slab sock shmem file_mapped file_dirty file_writeback anon_thp inactive_anon active_anon inactive_file active_file unevictable slab_reclaimable slab_unreclaimable pgfault pgmajfault workingset_refault workingset_activate workingset_nodereclaim pgrefill pgscan pgsteal pgactivate pgdeactivate pglazyfree pglazyfreed thp_fault_alloc thp_collapse_alloc';

function pressure(first: number): { text: string; value: object } {
  const data = (from: number): object => ({
    avg10: from + 0.25,
    avg60: from + 0.5,
    avg300: from + 0.75,
    total: BigInt(from),
  });
  const line = (from: number): string => `avg10=${from}.25 avg60=${from}.50 avg300=${from}.75 total=${from}\n`;
  return {
    text: `some ${line(first)}full ${line(first + 1)}`,
    value: { some: data(first), full: data(first + 1) },
  };
}

test('every field of version 2 is told where a client looks for it', () => {
  const memory = keyed(1000, memoryNamesV2);
  const bytes = metricsV2(
    '/c/x',
    machine({
      ...hugePages,
      ...files('/c/x', {
        'cgroup.controllers': 'cpu memory\n',
        'pids.current': '3\n',
        'pids.max': 'max\n',
        'cpu.stat':
          'usage_usec 1\nuser_usec 2\nsystem_usec 3\nnice_usec 99\nnr_periods 4\nnr_throttled 5\nthrottled_usec 6\nnr_bursts 7\nburst_usec 8\n',
        'cpu.pressure': pressure(1).text,
        'memory.stat': memory.text,
        'memory.current': '32\n',
        'memory.max': '33\n',
        'memory.swap.current': '34\n',
        'memory.swap.max': 'max\n',
        'memory.peak': '36\n',
        'memory.swap.peak': '37\n',
        'memory.pressure': pressure(3).text,
        'memory.events': 'low 1\nhigh 2\nmax 3\noom 4\noom_kill 5\noom_group_kill 6\nsock_throttled 9\n',
        'io.stat': '8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=9 dios=9\n254:16 \n7:1\n',
        'io.pressure': pressure(5).text,
        'rdma.current': 'mlx4_0 hca_handle=1 hca_object=2\n',
        'rdma.max': 'mlx4_0 hca_handle=max hca_object=max\n',
        'hugetlb.2MB.current': '1\n',
        'hugetlb.2MB.max': 'max\n',
        'hugetlb.2MB.events': 'max 3\n',
      }),
    }),
  );
  assert.ok(bytes);
  const metrics = MetricsV2.decode(bytes);
  assert.deepEqual(metrics.pids, { current: 3n, limit: 2n ** 64n - 1n });
  assert.deepEqual(metrics.cpu, {
    ...{ usageUsec: 1n, userUsec: 2n, systemUsec: 3n, nrPeriods: 4n, nrThrottled: 5n, throttledUsec: 6n },
    ...{ nrBursts: 7n, burstUsec: 8n, psi: pressure(1).value },
  });
  assert.ok(metrics.memory);
  const { usage, usageLimit, swapUsage, swapLimit, maxUsage, swapMaxUsage, psi, ...stat } = metrics.memory;
  assert.deepEqual(Object.values(stat), memory.values);
  const more = [usage, usageLimit, swapUsage, swapLimit, maxUsage, swapMaxUsage];
  assert.deepEqual(more, [32n, 33n, 34n, 2n ** 64n - 1n, 36n, 37n]);
  assert.deepEqual(psi, pressure(3).value);
  const io = (major: bigint, minor: bigint, counts: readonly bigint[]): object => {
    const [rbytes, wbytes, rios, wios] = counts;
    return { major, minor, rbytes, wbytes, rios, wios };
  };
  assert.deepEqual(metrics.io?.usage, [io(8n, 0n, [1n, 2n, 3n, 4n]), io(254n, 16n, [0n, 0n, 0n, 0n])]);
  assert.deepEqual(metrics.io.psi, pressure(5).value);
  assert.deepEqual(metrics.rdma, {
    current: [{ device: 'mlx4_0', hcaHandles: 1, hcaObjects: 2 }],
    limit: [{ device: 'mlx4_0', hcaHandles: 2 ** 32 - 1, hcaObjects: 2 ** 32 - 1 }],
  });
  assert.deepEqual(metrics.hugetlb, [
    { current: 0n, max: 0n, pagesize: '1GB', failcnt: 0n },
    { current: 1n, max: 2n ** 64n - 1n, pagesize: '2MB', failcnt: 3n },
    { current: 0n, max: 0n, pagesize: '64KB', failcnt: 0n },
  ]);
  assert.deepEqual(metrics.memoryEvents, { low: 1n, high: 2n, max: 3n, oom: 4n, oomKill: 5n, oomGroupKill: 6n });
});

test('what a cgroup of version 2 lacks is missing, and one that has gone is none', () => {
  const bytes = metricsV2('/c/x', machine({ '/c/x/cgroup.controllers': '' }));
  assert.ok(bytes);
  const metrics = MetricsV2.decode(bytes);
  assert.equal(metrics.memoryEvents, undefined);
  assert.equal(metrics.cpu?.psi, undefined);
  assert.equal(metricsV2('/c/y', machine({})), null);
});
