import { LevelLogger } from '../../pkg/log/level-logger.ts';
import type { LogFields } from '../../pkg/log/logger.ts';
import { textFormat } from '../../pkg/log/text-format.ts';
import { isSystemError } from '../../pkg/sys/system-error.ts';
import { host } from '../host/host.ts';
import { rfc3339 } from './rfc3339.ts';

/** The daemon's FIFO, on standard error. */
const stderr = 2;
/** A FIFO takes so much whole or not at all: lines never mix. Bytes. */
const maxLine = 4096;

/**
 * The shim's log: lines in containerd's text format on standard error, which `start` binds to the FIFO `log` of the bundle. A FIFO that
 * nobody empties loses lines; nobody ever waits for it.
 */
export class BundleLog extends LevelLogger {
  constructor(debug: boolean, fields: LogFields) {
    super((level, message, all) => {
      // There is no way to ask a shim for more than `debug`.
      if (level === 'trace' || (level === 'debug' && !debug)) return;
      write(textFormat({ level, message, time: rfc3339(host.now()), fields: all }));
    }, fields);
  }
}

function write(line: string): void {
  const bytes = host.encodeUtf8(line);
  const end = host.encodeUtf8('…\n');
  if (bytes.length > maxLine) bytes.set(end, maxLine - end.length);
  try {
    host.write(stderr, bytes.subarray(0, maxLine));
  } catch (error) {
    if (!isSystemError(error)) throw error;
  }
}
