/**
 * The kinds of failure that cross the wire, each with its gRPC status code and the text that Go
 * clients look for at the end of a message. `conflict` and `not-modified` share code 9 with
 * `failed-precondition`: clients tell them apart by the text alone.
 *
 * Source: gRPC status codes; containerd's errdefs as observed.
 */
export const errorKinds = {
  canceled: { code: 1, text: 'context canceled' },
  unknown: { code: 2, text: 'unknown' },
  'invalid-argument': { code: 3, text: 'invalid argument' },
  'deadline-exceeded': { code: 4, text: 'context deadline exceeded' },
  'not-found': { code: 5, text: 'not found' },
  'already-exists': { code: 6, text: 'already exists' },
  'permission-denied': { code: 7, text: 'permission denied' },
  'resource-exhausted': { code: 8, text: 'resource exhausted' },
  'failed-precondition': { code: 9, text: 'failed precondition' },
  conflict: { code: 9, text: 'conflict' },
  'not-modified': { code: 9, text: 'not modified' },
  aborted: { code: 10, text: 'aborted' },
  'out-of-range': { code: 11, text: 'out of range' },
  unimplemented: { code: 12, text: 'not implemented' },
  internal: { code: 13, text: 'internal' },
  unavailable: { code: 14, text: 'unavailable' },
  'data-loss': { code: 15, text: 'data loss' },
  unauthenticated: { code: 16, text: 'unauthenticated' },
} as const satisfies Record<string, { code: number; text: string }>;

/** One of the kinds of {@link errorKinds}. */
export type ErrorKind = keyof typeof errorKinds;
