import { randomBytes } from 'node:crypto';

/** A name no other suite on this machine has: shim sockets, cgroups and runc's state are shared by all daemons. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${randomBytes(5).toString('hex')}`;
}
