import type { Logger } from '../../pkg/log/logger.ts';
import { host } from '../host/host.ts';
import { readTail } from '../runtime/read-tail.ts';

/** Bytes of it that are kept. */
const maxLog = 1 << 20;

/** Keeps CRIU's log of a checkpoint that failed, whose directory goes: its end tells why. */
export function copyDumpLog(from: string, to: string, log: Logger): void {
  try {
    host.writeFile(to, readTail(from, maxLog), 0o644, false);
  } catch (error) {
    log.error('failed to copy dump.log to criu-dump.log', { error });
  }
}
