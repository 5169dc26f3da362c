const nanosPerSecond = 1_000_000_000n;
const form = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:\d{2})$/;

/** Nanoseconds since 1970 as RFC 3339 text in UTC, without trailing zeros. */
export function formatRfc3339(time: bigint): string {
  const fraction = ((time % nanosPerSecond) + nanosPerSecond) % nanosPerSecond;
  const seconds = (time - fraction) / nanosPerSecond;
  const whole = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  const digits = fraction.toString().padStart(9, '0').replace(/0+$/, '');
  return digits === '' ? `${whole}Z` : `${whole}.${digits}Z`;
}

/** The reverse, for any zone; undefined for other text. */
export function parseRfc3339(text: string): bigint | undefined {
  const match = form.exec(text.trim());
  if (!match) return undefined;
  const milliseconds = Date.parse(`${match[1] ?? ''}${match[3] ?? ''}`);
  if (Number.isNaN(milliseconds)) return undefined;
  return BigInt(milliseconds) * 1_000_000n + BigInt((match[2] ?? '').padEnd(9, '0'));
}
