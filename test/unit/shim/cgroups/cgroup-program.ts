// Runs in the shim's host: does with the cgroup of a process what the shim does, as its standard input tells it, line by line.
//
//   stats PID     the answer of Stats in hexadecimal
//   watch PID     watches for kills, each of which it tells with `killed`
//   settle, end   of that watch
//   descriptors   how many are open
import { locateCgroup } from '../../../../shim/cgroups/locate-cgroup.ts';
import type { OomWatch } from '../../../../shim/cgroups/oom-watch.ts';
import { readStats } from '../../../../shim/cgroups/read-stats.ts';
import { watchOom } from '../../../../shim/cgroups/watch-oom.ts';
import { host } from '../../../../shim/host/host.ts';
import { watchFor } from '../../../../shim/host/watch-for.ts';

let watch: OomWatch | undefined;
let input = '';

function tell(line: string): void {
  host.write(1, host.encodeUtf8(`${line}\n`));
}

function obey(line: string): string {
  const [command, pid] = line.split(' ');
  switch (command) {
    case 'stats': {
      const { typeUrl, value } = readStats(locateCgroup(Number(pid)));
      return `${typeUrl} ${[...value].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
    }
    case 'watch':
      watch = watchOom(locateCgroup(Number(pid)), () => tell('killed'));
      return 'watching';
    case 'settle':
      watch?.settle();
      return `settled at ${String(watch?.counted)}`;
    case 'end':
      watch?.[Symbol.dispose]();
      return 'ended';
    case 'descriptors':
      return `descriptors: ${host.readDirectory('/proc/self/fd').length}`;
    default:
      return host.exit(0);
  }
}

host.watch(0, watchFor.reading, () => {
  const bytes = host.read(0, 4096);
  if (bytes === null) return;
  if (bytes.length === 0) host.exit(0);
  input += host.decodeUtf8(bytes);
  const lines = input.split('\n');
  input = lines.pop() ?? '';
  for (const line of lines) tell(obey(line));
});
