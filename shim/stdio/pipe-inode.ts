import { host } from '../host/host.ts';

/** The number by which all ends of a pipe know each other in /proc; 0 for what is no anonymous pipe. */
export function pipeInode(fd: number): number {
  return Number(/^pipe:\[(\d+)\]$/.exec(host.readLink(`/proc/self/fd/${fd}`))?.[1] ?? 0);
}
