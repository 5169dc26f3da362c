import type { Socket } from 'node:net';
import { peerCredentials } from '../../pkg/sys/peer-credentials.ts';

/**
 * Whether the peer of a unix socket runs under our own effective user and group: what containerd asks of whoever connects to its
 * ttrpc socket, whose file's mode alone would let in a group. False as well for a socket that is gone.
 */
export function isOwnUser(socket: Socket): boolean {
  const fd = descriptorOf(socket);
  if (fd === undefined) return false;
  const peer = peerCredentials(fd);
  return peer.uid === process.geteuid?.() && peer.gid === process.getegid?.();
}

/** Node has no public name for a socket's descriptor. */
function descriptorOf(socket: Socket): number | undefined {
  if (!('_handle' in socket)) return undefined;
  const handle = socket._handle;
  if (typeof handle !== 'object' || handle === null || !('fd' in handle)) return undefined;
  return typeof handle.fd === 'number' && handle.fd >= 0 ? handle.fd : undefined;
}
