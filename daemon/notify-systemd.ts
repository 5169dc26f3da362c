import type { Logger } from '../pkg/log/logger.ts';
import { sendDatagram } from '../pkg/sys/send-datagram.ts';

/** Tells systemd how far we are (sd_notify(3)); nothing happens when it did not start us. A failure is logged. */
export function notifySystemd(state: 'READY=1' | 'STOPPING=1', log: Logger): void {
  const socket = process.env['NOTIFY_SOCKET'];
  if (socket === undefined || socket === '') return;
  try {
    sendDatagram(socket, state);
  } catch (error) {
    log.warn('cannot notify systemd', { error, state });
  }
}
