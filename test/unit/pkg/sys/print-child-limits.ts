import { spawnProcess } from '../../../../pkg/sys/spawn-process.ts';

// Run by a test in a process of its own: the limits of the start are captured once a process.
const child = spawnProcess({ file: '/bin/cat', args: ['/proc/self/limits'], env: {}, stdout: 'collect' });
process.stdout.write((await child.exited).stdout);
