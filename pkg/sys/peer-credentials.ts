import { native } from './native.ts';

/** Who is at the other end of a unix socket, as of its connect. */
export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/**
 * Reads SO_PEERCRED of a connected unix socket.
 * @throws SystemError for a descriptor that is not one.
 */
export function peerCredentials(fd: number): PeerCredentials {
  return native.peerCredentials(fd);
}
