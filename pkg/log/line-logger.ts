import { LevelLogger } from './level-logger.ts';
import type { LogFormat } from './log-line.ts';
import type { LogSink } from './log-sink.ts';
import type { LogLevel } from './logger.ts';
import { traceContext } from './trace-context.ts';
import { WallClock } from './wall-clock.ts';

const ranks: Readonly<Record<LogLevel, number>> = {
  trace: 0,
  debug: 1,
  info: 2,
  warn: 3,
  error: 4,
  fatal: 5,
  panic: 6,
};
const clock = new WallClock();

/** Where a {@link LineLogger} writes, and from which level on. */
export interface LineLoggerOptions {
  readonly sink: LogSink;
  readonly format: LogFormat;
  /** Default `info`. */
  readonly level?: LogLevel;
  /** Whether lines carry the trace of the call that they belong to, where calls are traced. */
  readonly traceId?: boolean;
}

/**
 * A logger that formats lines and gives them to a sink.
 *
 * @example
 * const log = new LineLogger({ sink: DescriptorSink.open(2), format: textFormat });
 */
export class LineLogger extends LevelLogger {
  constructor({ sink, format, level: wanted = 'info', traceId = false }: LineLoggerOptions) {
    super((level, message, fields) => {
      if (ranks[level] < ranks[wanted]) return;
      const trace = traceId ? traceContext.getStore() : undefined;
      const traced = trace === undefined ? fields : { ...fields, trace_id: trace };
      sink.write(format({ level, message, time: clock.now(), fields: traced }));
    });
  }
}
