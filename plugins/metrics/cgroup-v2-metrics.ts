import type { IOEntry, Metrics } from '../../api/gen/io/containerd/cgroups/v2/metrics.ts';
import type { ContainerMetric } from './container-metric.ts';

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

function perDevice(name: string, help: string, read: (entry: IOEntry) => bigint): ContainerMetric<Metrics> {
  return {
    name: `container_io_${name}`,
    help,
    values: ({ io }) =>
      (io?.usage ?? []).map((entry) => ({
        value: read(entry),
        labels: [
          ['major', String(entry.major)],
          ['minor', String(entry.minor)],
        ],
      })),
  };
}

/** What containerd's monitor tells of a container in a cgroup of version 2, under its names. */
export const cgroupV2Metrics: readonly ContainerMetric<Metrics>[] = [
  one('cpu_usage_usec_microseconds', 'Total cpu usage (cgroup v2)', ({ cpu }) => cpu?.usageUsec),
  one('cpu_user_usec_microseconds', 'Current cpu usage in user space (cgroup v2)', ({ cpu }) => cpu?.userUsec),
  one('cpu_system_usec_microseconds', 'Current cpu usage in kernel space (cgroup v2)', ({ cpu }) => cpu?.systemUsec),
  one(
    'cpu_nr_periods_total',
    'Current cpu number of periods (only if controller is enabled)',
    ({ cpu }) => cpu?.nrPeriods,
  ),
  one(
    'cpu_nr_throttled_total',
    'Total number of times tasks have been throttled (only if controller is enabled)',
    ({ cpu }) => cpu?.nrThrottled,
  ),
  one(
    'cpu_throttled_usec_microseconds',
    'Total time duration for which tasks have been throttled. (only if controller is enabled)',
    ({ cpu }) => cpu?.throttledUsec,
  ),
  one('memory_usage_bytes', 'Current memory usage (cgroup v2)', ({ memory }) => memory?.usage),
  one('memory_usage_limit_bytes', 'Current memory usage limit (cgroup v2)', ({ memory }) => memory?.usageLimit),
  one('memory_swap_usage_bytes', 'Current swap usage (cgroup v2)', ({ memory }) => memory?.swapUsage),
  one('memory_swap_limit_bytes', 'Current swap usage limit (cgroup v2)', ({ memory }) => memory?.swapLimit),
  one('memory_inactive_anon_bytes', 'The inactive_anon amount', ({ memory }) => memory?.inactiveAnon),
  one('memory_active_anon_bytes', 'The active_anon amount', ({ memory }) => memory?.activeAnon),
  one('memory_inactive_file_bytes', 'The inactive_file amount', ({ memory }) => memory?.inactiveFile),
  one('memory_active_file_bytes', 'The active_file amount', ({ memory }) => memory?.activeFile),
  one('memory_unevictable_bytes', 'The unevictable amount', ({ memory }) => memory?.unevictable),
  one('memory_anon_bytes', 'The anon amount', ({ memory }) => memory?.anon),
  one('memory_file_bytes', 'The file amount', ({ memory }) => memory?.file),
  one('memory_kernel_stack_bytes', 'The kernel_stack amount', ({ memory }) => memory?.kernelStack),
  one('memory_slab_bytes', 'The slab amount', ({ memory }) => memory?.slab),
  one('memory_sock_bytes', 'The sock amount', ({ memory }) => memory?.sock),
  one('memory_shmem_bytes', 'The shmem amount', ({ memory }) => memory?.shmem),
  one('memory_anon_thp_bytes', 'The anon_thp amount', ({ memory }) => memory?.anonThp),
  one('memory_file_mapped_bytes', 'The file_mapped amount', ({ memory }) => memory?.fileMapped),
  one('memory_file_dirty_bytes', 'The file_dirty amount', ({ memory }) => memory?.fileDirty),
  one('memory_file_writeback_bytes', 'The file_writeback amount', ({ memory }) => memory?.fileWriteback),
  one('memory_pgactivate_bytes', 'The pgactivate amount', ({ memory }) => memory?.pgactivate),
  one('memory_pgdeactivate_bytes', 'The pgdeactivate amount', ({ memory }) => memory?.pgdeactivate),
  one('memory_pgfault_bytes', 'The pgfault amount', ({ memory }) => memory?.pgfault),
  one('memory_pgmajfault_bytes', 'The pgmajfault amount', ({ memory }) => memory?.pgmajfault),
  one('memory_pglazyfree_bytes', 'The pglazyfree amount', ({ memory }) => memory?.pglazyfree),
  one('memory_pgrefill_bytes', 'The pgrefill amount', ({ memory }) => memory?.pgrefill),
  one('memory_pglazyfreed_bytes', 'The pglazyfreed amount', ({ memory }) => memory?.pglazyfreed),
  one('memory_pgscan_bytes', 'The pgscan amount', ({ memory }) => memory?.pgscan),
  one('memory_pgsteal_bytes', 'The pgsteal amount', ({ memory }) => memory?.pgsteal),
  one('memory_slab_reclaimable_bytes', 'The slab_reclaimable amount', ({ memory }) => memory?.slabReclaimable),
  one('memory_slab_unreclaimable_bytes', 'The slab_unreclaimable amount', ({ memory }) => memory?.slabUnreclaimable),
  one('memory_workingset_refault_bytes', 'The workingset_refault amount', ({ memory }) => memory?.workingsetRefault),
  one('memory_workingset_activate_bytes', 'The workingset_activate amount', ({ memory }) => memory?.workingsetActivate),
  one(
    'memory_workingset_nodereclaim_bytes',
    'The workingset_nodereclaim amount',
    ({ memory }) => memory?.workingsetNodereclaim,
  ),
  one('memory_thp_fault_alloc_bytes', 'The thp_fault_alloc amount', ({ memory }) => memory?.thpFaultAlloc),
  one('memory_thp_collapse_alloc_bytes', 'The thp_collapse_alloc amount', ({ memory }) => memory?.thpCollapseAlloc),
  one(
    'memory_oom_total',
    'The number of times a container has received an oom event',
    ({ memoryEvents }) => memoryEvents?.oom,
  ),
  one('pids_limit', 'The limit to the number of pids allowed (cgroup v2)', ({ pids }) => pids?.limit),
  one('pids_current', 'The current number of pids (cgroup v2)', ({ pids }) => pids?.current),
  perDevice('rbytes_bytes', 'IO bytes read', ({ rbytes }) => rbytes),
  perDevice('wbytes_bytes', 'IO bytes written', ({ wbytes }) => wbytes),
  perDevice('rios_total', 'Number of read IOs', ({ rios }) => rios),
  perDevice('wios_total', 'Number of write IOs', ({ wios }) => wios),
];
