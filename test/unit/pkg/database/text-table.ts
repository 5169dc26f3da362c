import type { Table } from '../../../../pkg/database/table.ts';

/** Records that are text. */
export const textTable: Table<string> = {
  name: 'texts',
  encode: (value) => Buffer.from(value),
  decode: (bytes) => Buffer.from(bytes).toString(),
};
