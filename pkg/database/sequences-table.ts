import type { Table } from './table.ts';

/** The last number that each sequence gave, in group ''. */
export const sequencesTable: Table<number> = {
  name: '.sequences',
  encode: (value) => Buffer.from(String(value)),
  decode: (bytes) => {
    const value = Number(Buffer.from(bytes).toString());
    if (!Number.isSafeInteger(value) || value < 1) throw new Error('malformed sequence number');
    return value;
  },
};
