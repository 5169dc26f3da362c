import type { Logger } from '../../pkg/log/logger.ts';

/** Says nothing, and fails a test by throwing when a part complains. */
export const quietLogger: Logger = {
  trace() {},
  debug() {},
  info() {},
  warn(message, fields) {
    throw new Error(
      `${message} ${JSON.stringify(fields?.['error'] ?? fields, Object.getOwnPropertyNames(Error.prototype))}`,
    );
  },
  error(message, fields) {
    throw new Error(`${message} ${JSON.stringify(fields)}`);
  },
  with: () => quietLogger,
};
