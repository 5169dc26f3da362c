import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { addRdma } from './add-rdma.ts';
import { hugePageSizes } from './huge-page-sizes.ts';
import type { KernelFiles } from './kernel-files.ts';
import { parseCount, parseKeyed } from './kernel-numbers.ts';
import { addCount, addCounts, addMessage, addText } from './metrics-fields.ts';

/** What is counted of a memory cgroup alone, and again, as `total_…`, with those below it. */
const memoryNames =
  'cache rss rss_huge mapped_file dirty writeback pgpgin pgpgout pgfault pgmajfault inactive_anon active_anon inactive_file active_file unevictable';
const limitNames = 'hierarchical_memory_limit hierarchical_memsw_limit';

/** The kernel counts in hundredths of a second (USER_HZ), whatever its own clock. */
const nanosecondsPerTick = 10_000_000n;

/**
 * `io.containerd.cgroups.v1.Metrics` of a container, with the fields that containerd's own shim fills: those of controllers that are not there
 * are missing, too. Null when no cgroup is left.
 */
export function metricsV1(directories: Readonly<Record<string, string>>, files: KernelFiles): Uint8Array | null {
  const read = (controller: string, name: string): string | null => {
    const directory = directories[controller];
    return directory === undefined ? null : files.read(`${directory}/${name}`);
  };
  if (Object.keys(directories).every((controller) => read(controller, 'cgroup.procs') === null)) return null;
  const writer = new BinaryWriter();
  if (directories['hugetlb'] !== undefined) addHugePages(writer, read, hugePageSizes(files));
  const pids = read('pids', 'pids.current');
  if (pids !== null) {
    addMessage(writer, 2, () => {
      addCount(writer, 1, parseCount(pids, 0n));
      addCount(writer, 2, parseCount(read('pids', 'pids.max'), 0n));
    });
  }
  addProcessor(writer, read);
  const memory = read('memory', 'memory.stat');
  if (memory !== null) addMemory(writer, parseKeyed(memory), read);
  if (directories['blkio'] !== undefined) addBlockIo(writer, read, files);
  const rdma = read('rdma', 'rdma.current');
  if (rdma !== null) addRdma(writer, 6, rdma, read('rdma', 'rdma.max'));
  const oom = read('memory', 'memory.oom_control');
  if (oom !== null)
    addMessage(writer, 9, () => addCounts(writer, 1, 'oom_kill_disable under_oom oom_kill', parseKeyed(oom)));
  return writer.finish();
}

type Read = (controller: string, name: string) => string | null;

function addHugePages(writer: BinaryWriter, read: Read, sizes: readonly string[]): void {
  for (const size of sizes) {
    addMessage(writer, 1, () => {
      ['usage_in_bytes', 'max_usage_in_bytes', 'failcnt'].forEach((name, index) =>
        addCount(writer, index + 1, parseCount(read('hugetlb', `hugetlb.${size}.${name}`), 0n)),
      );
      addText(writer, 4, size);
    });
  }
}

function addProcessor(writer: BinaryWriter, read: Read): void {
  addMessage(writer, 3, () => {
    addMessage(writer, 1, () => {
      const times = parseKeyed(read('cpuacct', 'cpuacct.stat'));
      addCount(writer, 1, parseCount(read('cpuacct', 'cpuacct.usage'), 0n));
      addCount(writer, 2, (times.get('system') ?? 0n) * nanosecondsPerTick);
      addCount(writer, 3, (times.get('user') ?? 0n) * nanosecondsPerTick);
      const processors = (read('cpuacct', 'cpuacct.usage_percpu') ?? '').split(/\s+/).filter((word) => word !== '');
      if (processors.length > 0) {
        addMessage(writer, 4, () => processors.forEach((usage) => writer.uint64(parseCount(usage, 0n))));
      }
    });
    addMessage(writer, 2, () =>
      addCounts(writer, 1, 'nr_periods nr_throttled throttled_time', parseKeyed(read('cpu', 'cpu.stat'))),
    );
  });
}

function addMemory(writer: BinaryWriter, values: ReadonlyMap<string, bigint>, read: Read): void {
  addMessage(writer, 4, () => {
    addCounts(writer, 1, `${memoryNames} ${limitNames}`, values);
    addCounts(writer, 18, memoryNames.replace(/\w+/g, 'total_$&'), values);
    ['', 'memsw.', 'kmem.', 'kmem.tcp.'].forEach((part, index) =>
      addMessage(writer, 33 + index, () => {
        ['limit_in_bytes', 'usage_in_bytes', 'max_usage_in_bytes', 'failcnt'].forEach((name, at) =>
          addCount(writer, at + 1, parseCount(read('memory', `memory.${part}${name}`), 0n)),
        );
      }),
    );
  });
}

/** Bytes and operations by device; kernels that Gantry runs on count no more than that here. */
function addBlockIo(writer: BinaryWriter, read: Read, files: KernelFiles): void {
  addMessage(writer, 5, () => {
    let names: ReadonlyMap<string, string> | undefined;
    ['io_service_bytes', 'io_serviced'].forEach((name, index) => {
      for (const line of (read('blkio', `blkio.throttle.${name}`) ?? '').split('\n')) {
        // "8:0 Read 4096", and at the end "Total 4096".
        const [, device = '', major, minor, op = '', value] = /^((\d+):(\d+)) (?:(\w+) )?(\d+)$/.exec(line) ?? [];
        if (value === undefined) continue;
        names ??= deviceNames(files);
        const known = names.get(device) ?? '';
        addMessage(writer, index + 1, () => {
          addText(writer, 1, op);
          addText(writer, 2, known);
          [major, minor, value].forEach((number, at) => addCount(writer, at + 3, parseCount(number, 0n)));
        });
      }
    });
  });
}

/** Paths of block devices by `major:minor`; of several names the first. */
function deviceNames(files: KernelFiles): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const line of (files.read('/proc/partitions') ?? '').split('\n')) {
    const [, major = '', minor = '', name = ''] = /^ *(\d+) +(\d+) +\d+ +(\S+)$/.exec(line) ?? [];
    const device = `${major}:${minor}`;
    if (name !== '' && !names.has(device)) names.set(device, `/dev/${name}`);
  }
  return names;
}
