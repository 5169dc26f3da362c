import { globSync, readFileSync } from 'node:fs';

/**
 * What tests could leave on the machine, one line each: mounts, network namespaces, cgroups, whatever lies in `/run/containerd` and the
 * places that containerd makes, and directories of the lab.
 */
export function machineState(): string[] {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').trim().split('\n');
  const places = [
    '/run/netns/*',
    '/run/containerd/**',
    '/var/run/nri/**',
    '/var/lib/containerd/*',
    '/opt/containerd/**',
    '/run/runc/*',
    '/tmp/{gantry,registry}-*',
    // A hierarchy's own groups. Containers sit in one by their namespace's name, which cannot go before them; what lies below others is
    // other people's.
    '/sys/fs/cgroup/*/',
    '/sys/fs/cgroup/*/*/',
  ];
  return [...mounts.map((line) => `mount ${line.split(' ').slice(3, 5).join(' at ')}`), ...globSync(places)].sort();
}
