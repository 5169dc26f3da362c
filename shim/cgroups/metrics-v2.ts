import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { addRdma } from './add-rdma.ts';
import { hugePageSizes } from './huge-page-sizes.ts';
import type { KernelFiles } from './kernel-files.ts';
import { parseCount, parseKeyed, parsePairs, unlimited } from './kernel-numbers.ts';
import { addCount, addCounts, addMessage, addText } from './metrics-fields.ts';

const memoryNames =
  'anon file kernel_stack slab sock shmem file_mapped file_dirty file_writeback anon_thp inactive_anon active_anon inactive_file active_file ' +
  'unevictable slab_reclaimable slab_unreclaimable pgfault pgmajfault workingset_refault workingset_activate workingset_nodereclaim pgrefill ' +
  'pgscan pgsteal pgactivate pgdeactivate pglazyfree pglazyfreed thp_fault_alloc thp_collapse_alloc';

/** Files of one number each, by the fields that follow those of `memory.stat`. */
const memoryFiles = ['current', 'max', 'swap.current', 'swap.max', 'peak', 'swap.peak'];

/**
 * `io.containerd.cgroups.v2.Metrics` of a container, with the fields that containerd's own shim fills, of its newer releases too. Null when the
 * cgroup is gone.
 */
export function metricsV2(directory: string, files: KernelFiles): Uint8Array | null {
  const read = (name: string): string | null => files.read(`${directory}/${name}`);
  if (read('cgroup.controllers') === null) return null;
  const writer = new BinaryWriter();
  addMessage(writer, 1, () => {
    addCount(writer, 1, parseCount(read('pids.current'), 0n));
    addCount(writer, 2, parseCount(read('pids.max'), unlimited));
  });
  addMessage(writer, 2, () => {
    const values = parseKeyed(read('cpu.stat'));
    addCounts(writer, 1, 'usage_usec user_usec system_usec nr_periods nr_throttled throttled_usec', values);
    addPressure(writer, 7, read('cpu.pressure'));
    addCounts(writer, 8, 'nr_bursts burst_usec', values);
  });
  addMessage(writer, 4, () => {
    addCounts(writer, 1, memoryNames, parseKeyed(read('memory.stat')));
    memoryFiles.forEach((name, index) => addCount(writer, 32 + index, parseCount(read(`memory.${name}`), unlimited)));
    addPressure(writer, 38, read('memory.pressure'));
  });
  addRdma(writer, 5, read('rdma.current'), read('rdma.max'));
  addMessage(writer, 6, () => {
    addDevices(writer, read('io.stat'));
    addPressure(writer, 2, read('io.pressure'));
  });
  for (const size of hugePageSizes(files)) addHugePages(writer, read, size);
  const events = read('memory.events');
  if (events !== null) {
    addMessage(writer, 8, () => addCounts(writer, 1, 'low high max oom oom_kill oom_group_kill', parseKeyed(events)));
  }
  return writer.finish();
}

function addHugePages(writer: BinaryWriter, read: (name: string) => string | null, size: string): void {
  addMessage(writer, 7, () => {
    addCount(writer, 1, parseCount(read(`hugetlb.${size}.current`), unlimited));
    addCount(writer, 2, parseCount(read(`hugetlb.${size}.max`), unlimited));
    addText(writer, 3, size);
    addCount(writer, 4, parseKeyed(read(`hugetlb.${size}.events`)).get('max'));
  });
}

/** Lines such as `8:0 rbytes=4096 wbytes=0 rios=1 wios=0 dbytes=0 dios=0`. */
function addDevices(writer: BinaryWriter, text: string | null): void {
  for (const line of (text ?? '').split('\n')) {
    const [device = '', ...pairs] = line.split(' ');
    const [, major, minor] = /^(\d+):(\d+)$/.exec(device) ?? [];
    if (pairs.length === 0 || minor === undefined) continue;
    addMessage(writer, 1, () => {
      addCount(writer, 1, parseCount(major, 0n));
      addCount(writer, 2, parseCount(minor, 0n));
      addCounts(writer, 3, 'rbytes wbytes rios wios', parsePairs(pairs, unlimited));
    });
  }
}

/** `PSIStats`: lines such as `some avg10=0.00 avg60=0.12 avg300=0.07 total=2014`. Null where the kernel does not measure it. */
function addPressure(writer: BinaryWriter, field: number, text: string | null): void {
  if (text === null) return;
  addMessage(writer, field, () => {
    for (const line of text.split('\n')) {
      const [who = '', ...pairs] = line.split(' ');
      const at = ['some', 'full'].indexOf(who);
      if (at >= 0) addMessage(writer, at + 1, () => addAverages(writer, pairs));
    }
  });
}

function addAverages(writer: BinaryWriter, pairs: readonly string[]): void {
  const values = new Map(pairs.map((pair) => pair.split('=') as [string, string]));
  ['avg10', 'avg60', 'avg300'].forEach((name, index) => {
    const average = Number(values.get(name) ?? 0);
    if (average > 0) writer.uint32(((index + 1) << 3) | 1).double(average);
  });
  addCount(writer, 4, parseCount(values.get('total'), 0n));
}
