/** The levels of containerd's log, the least talkative last. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'panic';

/** Facts of a line beside its message: printed as `key=value` or as JSON members. Never secrets. */
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * Writes lines to the daemon's log. `error` under the key `error` is printed by its message.
 *
 * @example
 * log.info('starting up', { version });
 * const taskLog = log.with({ id: 'c1', namespace: 'default' });
 */
export interface Logger {
  trace(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds these fields to every line. */
  with(fields: LogFields): Logger;
}
