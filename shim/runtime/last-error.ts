/**
 * The last message of level `error` in a runtime's JSON log, without white space around it; empty when there is none. A line that is no
 * JSON is skipped: the log may have been cut.
 */
export function lastError(log: string): string {
  const lines = log.split('\n');
  for (let at = lines.length - 1; at >= 0; at--) {
    const message = errorOf(lines[at] ?? '');
    if (message !== undefined) return message;
  }
  return '';
}

function errorOf(line: string): string | undefined {
  if (!line.includes('"error"')) return undefined;
  try {
    const { level, msg } = JSON.parse(line) as Readonly<Record<string, unknown>>;
    return level === 'error' && typeof msg === 'string' ? msg.trim() : undefined;
  } catch {
    return undefined;
  }
}
