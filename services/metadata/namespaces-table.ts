import { Namespace as NamespaceProto } from '../../api/gen/gantry/metadata/v1/metadata.ts';
import type { Table } from '../../pkg/database/table.ts';
import type { Labels } from '../../pkg/labels/labels.ts';
import { storedLabels } from './stored-labels.ts';

/** What is kept of a namespace. */
export interface NamespaceRecord {
  readonly labels: Labels;
}

/** Namespaces: group '', key is the name. */
export const namespacesTable: Table<NamespaceRecord> = {
  name: 'namespaces',
  encode: (record) => NamespaceProto.encode({ labels: new Map(record.labels) }).finish(),
  decode: (bytes) => ({ labels: storedLabels(NamespaceProto.decode(bytes).labels) }),
};
