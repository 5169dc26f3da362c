import { jsonSafe } from './json-safe.ts';
import { levelName } from './level-name.ts';
import type { LogLine } from './log-line.ts';

/**
 * containerd's text format: `time="…" level=info msg="starting containerd" revision=…`, other fields sorted by name,
 * values quoted when they hold anything but letters, digits and `-._/@^+`.
 */
export function textFormat({ time, level, message, fields }: LogLine): string {
  let line = `time="${time}" level=${levelName(level)} msg=${quoteIfNeeded(message)}`;
  for (const key of Object.keys(fields).sort()) {
    const value = fields[key];
    if (value === undefined) continue;
    // A field must not pass for one of the line's own.
    const name = key === 'time' || key === 'level' || key === 'msg' ? `fields.${key}` : key;
    line += ` ${name}=${quoteIfNeeded(textOf(value))}`;
  }
  return `${line}\n`;
}

function quoteIfNeeded(text: string): string {
  return /[^A-Za-z0-9\-._/@^+]/.test(text) ? JSON.stringify(text) : text;
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value instanceof Error) return value.message;
  if (typeof value !== 'object' || value === null) return String(value);
  try {
    return JSON.stringify(value, jsonSafe);
  } catch {
    return '[unprintable]';
  }
}
