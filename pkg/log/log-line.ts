import type { LogFields, LogLevel } from './logger.ts';

/** One line of the log before it is formatted. */
export interface LogLine {
  readonly level: LogLevel;
  readonly message: string;
  /** RFC 3339 with nine digits after the second, UTC. */
  readonly time: string;
  readonly fields: LogFields;
}

/** Turns a line into text that ends with a newline. */
export type LogFormat = (line: LogLine) => string;
