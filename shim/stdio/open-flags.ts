/** Of open(2), on Linux. */
export const openFlags = { readOnly: 0, writeOnly: 1, create: 0o100, append: 0o2000, nonBlocking: 0o4000 } as const;
