import { setTimeout as delay } from 'node:timers/promises';

/** How often to try what may pass by itself, and how long to wait between, in milliseconds. */
export interface RetryPolicy {
  readonly tries: number;
  /** Before the second try; doubled for each further one. */
  readonly baseDelay: number;
  /** The most, also when the server asks for more. */
  readonly maxDelay: number;
}

export const defaultRetryPolicy: RetryPolicy = { tries: 5, baseDelay: 250, maxDelay: 30_000 };

/**
 * Waits before the next try; `attempt` counts from 1. A server's `Retry-After` (seconds or a date) counts if it is longer.
 * @throws the signal's reason when that is aborted.
 */
export async function backOff(
  policy: RetryPolicy,
  attempt: number,
  retryAfter: string | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  // Up to a quarter more, so that many clients do not come back at once.
  const own = policy.baseDelay * 2 ** (attempt - 1) * (1 + Math.random() / 4);
  const wait = Math.min(policy.maxDelay, Math.max(own, retryAfterMilliseconds(retryAfter)));
  try {
    await delay(wait, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    throw signal?.aborted === true ? signal.reason : error;
  }
}

function retryAfterMilliseconds(value: string | undefined): number {
  if (value === undefined) return 0;
  const milliseconds = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(milliseconds) ? Math.max(0, milliseconds) : 0;
}
