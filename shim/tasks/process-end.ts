/** How a process ended. */
export interface ProcessEnd {
  readonly pid: number;
  /** The exit code, or 128 and the signal's number. */
  readonly status: number;
  /** Nanoseconds since 1970. */
  readonly at: bigint;
}

/** The text that a bundle keeps of an end. */
export function processEndToJson({ pid, status, at }: ProcessEnd): string {
  return JSON.stringify({ pid, status, at: String(at) });
}

/** Undefined for text that is none of ours. */
export function processEndFromJson(text: string): ProcessEnd | undefined {
  try {
    const { pid, status, at } = JSON.parse(text) as Partial<Record<keyof ProcessEnd, unknown>>;
    if (typeof pid !== 'number' || typeof status !== 'number' || typeof at !== 'string') return undefined;
    if (!Number.isInteger(pid) || !Number.isInteger(status) || status < 0) return undefined;
    return { pid, status, at: BigInt(at) };
  } catch {
    return undefined;
  }
}
