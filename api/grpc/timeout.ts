const unitMillis: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

/** The longest that a timer of Node's can wait, in milliseconds; longer is as good as forever. */
const maxMillis = 2 ** 31 - 1;

const form = /^(\d{1,8})([HMSmun])$/;

/** Whether a `grpc-timeout` header is well-formed. */
export function isTimeout(header: string): boolean {
  return form.test(header);
}

/**
 * The milliseconds of a `grpc-timeout` header; undefined when it is missing, malformed or too far to matter.
 *
 * Source: gRPC over HTTP/2, "Timeout": at most eight digits and a unit.
 */
export function parseTimeout(header: string | undefined): number | undefined {
  const match = header === undefined ? null : form.exec(header);
  if (match === null) return undefined;
  const millis = Math.ceil(Number(match[1]) * (unitMillis[match[2] ?? ''] ?? 0));
  return millis > maxMillis ? undefined : millis;
}

/** The `grpc-timeout` header for a number of milliseconds. */
export function formatTimeout(millis: number): string {
  const whole = Math.max(0, Math.ceil(millis));
  if (whole < 1e8) return `${whole}m`;
  return `${Math.min(Math.ceil(whole / 1000), 99_999_999)}S`;
}
