/** What a failed system call throws, here and in `node:fs`. */
export interface SystemError extends Error {
  /** `ENOENT` and kin. */
  readonly code: string;
  /** Negative, as in Node. */
  readonly errno: number;
  readonly syscall: string;
  readonly path?: string;
}

/** Whether a thrown value is a system call's failure, and with one of `codes` if any are given. */
export function isSystemError(error: unknown, ...codes: readonly string[]): error is SystemError {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return false;
  return typeof error.code === 'string' && (codes.length === 0 || codes.includes(error.code));
}
