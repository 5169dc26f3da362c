import type { BlkIOEntry, HugetlbStat, Metrics } from '../../api/gen/io/containerd/cgroups/v1/metrics.ts';
import type { ContainerMetric, ContainerValue } from './container-metric.ts';

/** One value of the whole container, if its cgroup tells it. */
function one(name: string, help: string, read: (metrics: Metrics) => bigint | undefined): ContainerMetric<Metrics> {
  return {
    name: `container_${name}`,
    help,
    values(metrics) {
      const value = read(metrics);
      return value === undefined ? [] : [{ value }];
    },
  };
}

function perDevice(
  name: string,
  help: string,
  read: (metrics: Metrics) => readonly BlkIOEntry[] | undefined,
): ContainerMetric<Metrics> {
  return {
    name: `container_blkio_${name}`,
    help: `The blkio ${help}`,
    values: (metrics) =>
      (read(metrics) ?? []).map(({ op, device, major, minor, value }): ContainerValue => ({
        value,
        labels: [
          ['device', device],
          ['major', String(major)],
          ['minor', String(minor)],
          ['op', op],
        ],
      })),
  };
}

function perPage(name: string, help: string, read: (entry: HugetlbStat) => bigint): ContainerMetric<Metrics> {
  return {
    name: `container_hugetlb_${name}`,
    help: `The hugetlb ${help}`,
    values: ({ hugetlb }) => hugetlb.map((entry) => ({ value: read(entry), labels: [['page', entry.pagesize]] })),
  };
}

const perCpu: ContainerMetric<Metrics> = {
  name: 'container_per_cpu_nanoseconds',
  help: 'The total cpu time per cpu',
  values: ({ cpu }) => (cpu?.usage?.perCpu ?? []).map((value, index) => ({ value, labels: [['cpu', String(index)]] })),
};

/** What containerd's monitor tells of a container in cgroups of version 1, under its names. */
export const cgroupV1Metrics: readonly ContainerMetric<Metrics>[] = [
  one('cpu_total_nanoseconds', 'The total cpu time', ({ cpu }) => cpu?.usage?.total),
  one('cpu_kernel_nanoseconds', 'The total kernel cpu time', ({ cpu }) => cpu?.usage?.kernel),
  one('cpu_user_nanoseconds', 'The total user cpu time', ({ cpu }) => cpu?.usage?.user),
  one('cpu_throttle_periods_total', 'The total cpu throttle periods', ({ cpu }) => cpu?.throttling?.periods),
  one('cpu_throttled_periods_total', 'The total cpu throttled periods', ({ cpu }) => cpu?.throttling?.throttledPeriods),
  one('cpu_throttled_time_nanoseconds', 'The total cpu throttled time', ({ cpu }) => cpu?.throttling?.throttledTime),
  one('pids_limit', 'The limit to the number of pids allowed', ({ pids }) => pids?.limit),
  one('pids_current', 'The current number of pids', ({ pids }) => pids?.current),
  one('memory_cache_bytes', 'The cache amount used', ({ memory }) => memory?.cache),
  one('memory_rss_bytes', 'The rss amount used', ({ memory }) => memory?.rss),
  one('memory_rss_huge_bytes', 'The rss_huge amount used', ({ memory }) => memory?.rssHuge),
  one('memory_mapped_file_bytes', 'The mapped_file amount used', ({ memory }) => memory?.mappedFile),
  one('memory_dirty_bytes', 'The dirty amount', ({ memory }) => memory?.dirty),
  one('memory_writeback_bytes', 'The writeback amount', ({ memory }) => memory?.writeback),
  one('memory_pgpgin_bytes', 'The pgpgin amount', ({ memory }) => memory?.pgPgIn),
  one('memory_pgpgout_bytes', 'The pgpgout amount', ({ memory }) => memory?.pgPgOut),
  one('memory_pgfault_bytes', 'The pgfault amount', ({ memory }) => memory?.pgFault),
  one('memory_pgmajfault_bytes', 'The pgmajfault amount', ({ memory }) => memory?.pgMajFault),
  one('memory_inactive_anon_bytes', 'The inactive_anon amount', ({ memory }) => memory?.inactiveAnon),
  one('memory_active_anon_bytes', 'The active_anon amount', ({ memory }) => memory?.activeAnon),
  one('memory_inactive_file_bytes', 'The inactive_file amount', ({ memory }) => memory?.inactiveFile),
  one('memory_active_file_bytes', 'The active_file amount', ({ memory }) => memory?.activeFile),
  one('memory_unevictable_bytes', 'The unevictable amount', ({ memory }) => memory?.unevictable),
  one(
    'memory_hierarchical_memory_limit_bytes',
    'The hierarchical_memory_limit amount',
    ({ memory }) => memory?.hierarchicalMemoryLimit,
  ),
  one(
    'memory_hierarchical_memsw_limit_bytes',
    'The hierarchical_memsw_limit amount',
    ({ memory }) => memory?.hierarchicalSwapLimit,
  ),
  one('memory_total_cache_bytes', 'The total_cache amount used', ({ memory }) => memory?.totalCache),
  one('memory_total_rss_bytes', 'The total_rss amount used', ({ memory }) => memory?.totalRss),
  one('memory_total_rss_huge_bytes', 'The total_rss_huge amount used', ({ memory }) => memory?.totalRssHuge),
  one('memory_total_mapped_file_bytes', 'The total_mapped_file amount used', ({ memory }) => memory?.totalMappedFile),
  one('memory_total_dirty_bytes', 'The total_dirty amount', ({ memory }) => memory?.totalDirty),
  one('memory_total_writeback_bytes', 'The total_writeback amount', ({ memory }) => memory?.totalWriteback),
  one('memory_total_pgpgin_bytes', 'The total_pgpgin amount', ({ memory }) => memory?.totalPgPgIn),
  one('memory_total_pgpgout_bytes', 'The total_pgpgout amount', ({ memory }) => memory?.totalPgPgOut),
  one('memory_total_pgfault_bytes', 'The total_pgfault amount', ({ memory }) => memory?.totalPgFault),
  one('memory_total_pgmajfault_bytes', 'The total_pgmajfault amount', ({ memory }) => memory?.totalPgMajFault),
  one('memory_total_inactive_anon_bytes', 'The total_inactive_anon amount', ({ memory }) => memory?.totalInactiveAnon),
  one('memory_total_active_anon_bytes', 'The total_active_anon amount', ({ memory }) => memory?.totalActiveAnon),
  one('memory_total_inactive_file_bytes', 'The total_inactive_file amount', ({ memory }) => memory?.totalInactiveFile),
  one('memory_total_active_file_bytes', 'The total_active_file amount', ({ memory }) => memory?.totalActiveFile),
  one('memory_total_unevictable_bytes', 'The total_unevictable amount', ({ memory }) => memory?.totalUnevictable),
  one('memory_usage_failcnt_total', 'The usage failcnt', ({ memory }) => memory?.usage?.failcnt),
  one('memory_usage_limit_bytes', 'The memory limit', ({ memory }) => memory?.usage?.limit),
  one('memory_usage_max_bytes', 'The memory maximum usage', ({ memory }) => memory?.usage?.max),
  one('memory_usage_usage_bytes', 'The memory usage', ({ memory }) => memory?.usage?.usage),
  one('memory_swap_failcnt_total', 'The swap failcnt', ({ memory }) => memory?.swap?.failcnt),
  one('memory_swap_limit_bytes', 'The swap limit', ({ memory }) => memory?.swap?.limit),
  one('memory_swap_max_bytes', 'The swap maximum usage', ({ memory }) => memory?.swap?.max),
  one('memory_swap_usage_bytes', 'The swap usage', ({ memory }) => memory?.swap?.usage),
  one('memory_kernel_failcnt_total', 'The kernel failcnt', ({ memory }) => memory?.kernel?.failcnt),
  one('memory_kernel_limit_bytes', 'The kernel limit', ({ memory }) => memory?.kernel?.limit),
  one('memory_kernel_max_bytes', 'The kernel maximum usage', ({ memory }) => memory?.kernel?.max),
  one('memory_kernel_usage_bytes', 'The kernel usage', ({ memory }) => memory?.kernel?.usage),
  one('memory_kerneltcp_failcnt_total', 'The kerneltcp failcnt', ({ memory }) => memory?.kernelTcp?.failcnt),
  one('memory_kerneltcp_limit_bytes', 'The kerneltcp limit', ({ memory }) => memory?.kernelTcp?.limit),
  one('memory_kerneltcp_max_bytes', 'The kerneltcp maximum usage', ({ memory }) => memory?.kernelTcp?.max),
  one('memory_kerneltcp_usage_bytes', 'The kerneltcp usage', ({ memory }) => memory?.kernelTcp?.usage),
  perCpu,
  perPage('usage_bytes', 'usage', ({ usage }) => usage),
  perPage('failcnt_total', 'failcnt', ({ failcnt }) => failcnt),
  perPage('max_bytes', 'maximum usage', ({ max }) => max),
  perDevice('io_merged_recursive_total', 'io merged recursive', ({ blkio }) => blkio?.ioMergedRecursive),
  perDevice('io_queued_recursive_total', 'io queued recursive', ({ blkio }) => blkio?.ioQueuedRecursive),
  perDevice(
    'io_service_bytes_recursive_bytes',
    'io service bytes recursive',
    ({ blkio }) => blkio?.ioServiceBytesRecursive,
  ),
  perDevice(
    'io_service_time_recursive_total',
    'io service time recursive',
    ({ blkio }) => blkio?.ioServiceTimeRecursive,
  ),
  perDevice('io_serviced_recursive_total', 'io serviced recursive', ({ blkio }) => blkio?.ioServicedRecursive),
  perDevice('io_time_recursive_total', 'io time recursive', ({ blkio }) => blkio?.ioTimeRecursive),
  perDevice('sectors_recursive_total', 'sectors recursive', ({ blkio }) => blkio?.sectorsRecursive),
];
