import type { LogLevel } from './logger.ts';

/** The level as containerd writes it: `warn` is `warning`. */
export function levelName(level: LogLevel): string {
  return level === 'warn' ? 'warning' : level;
}
