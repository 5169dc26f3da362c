import { sandboxesTable } from '../../metadata/sandboxes-table.ts';
import type { Sandbox } from '../../sandboxes/sandbox-store.ts';
import type { RecordKind } from '../record-kind.ts';

/** Sandboxes are roots; each keeps what its labels refer to. */
export const sandboxKind: RecordKind<Sandbox> = {
  name: 'sandbox',
  table: sandboxesTable,
  collectable: false,
  conditional: false,
  isRoot: () => true,
  labels: ({ labels }) => labels,
  references: () => undefined,
};
