/** Takes the lines of a log. `write` neither waits nor throws. */
export interface LogSink {
  write(line: string): void;
}
