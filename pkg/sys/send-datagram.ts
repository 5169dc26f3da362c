import { native } from './native.ts';

/**
 * Sends one message to a unix datagram socket, without waiting; `@` begins an abstract name.
 * @throws SystemError `ENOENT`, `ECONNREFUSED`, `EAGAIN` (full) and kin.
 */
export function sendDatagram(path: string, text: string): void {
  native.sendDatagram(path, text);
}
