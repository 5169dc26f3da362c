import { jsonSafe } from './json-safe.ts';
import { levelName } from './level-name.ts';
import type { LogLine } from './log-line.ts';

/** One JSON object a line: `level`, `msg`, `time` and the fields, sorted by name, as containerd's `format = "json"`. */
export function jsonFormat({ time, level, message, fields }: LogLine): string {
  const members = new Map<string, unknown>([
    ['level', levelName(level)],
    ['msg', message],
    ['time', time],
  ]);
  for (const [key, value] of Object.entries(fields)) {
    const taken = key === 'level' || key === 'msg' || key === 'time';
    if (value !== undefined) members.set(taken ? `fields.${key}` : key, value);
  }
  const sorted = [...members].sort(([a], [b]) => (a < b ? -1 : 1));
  try {
    return `${JSON.stringify(Object.fromEntries(sorted), jsonSafe)}\n`;
  } catch {
    return `${JSON.stringify({ level: levelName(level), msg: message, time })}\n`;
  }
}
