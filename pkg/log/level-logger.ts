import type { LogFields, Logger, LogLevel } from './logger.ts';

/** Writes one line, unless its level is below what is wanted. */
export type WriteLine = (level: LogLevel, message: string, fields: LogFields) => void;

/** A {@link Logger} whose levels all come down to one function. */
export class LevelLogger implements Logger {
  readonly #writeLine: WriteLine;
  readonly #fields: LogFields;

  constructor(writeLine: WriteLine, fields: LogFields = {}) {
    this.#writeLine = writeLine;
    this.#fields = fields;
  }

  trace(message: string, fields?: LogFields): void {
    this.#write('trace', message, fields);
  }

  debug(message: string, fields?: LogFields): void {
    this.#write('debug', message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#write('info', message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#write('warn', message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.#write('error', message, fields);
  }

  with(fields: LogFields): Logger {
    return new LevelLogger(this.#writeLine, { ...this.#fields, ...fields });
  }

  #write(level: LogLevel, message: string, fields: LogFields | undefined): void {
    this.#writeLine(level, message, { ...this.#fields, ...fields });
  }
}
