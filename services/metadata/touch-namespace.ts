import type { Writer } from '../../pkg/database/database.ts';
import { noLabels } from '../../pkg/labels/labels.ts';
import { namespacesTable } from './namespaces-table.ts';

/** Makes a namespace if it is not there: every write in a namespace does. The name is taken as valid. */
export function touchNamespace(tx: Writer, name: string): void {
  if (tx.get(namespacesTable, '', name) === undefined) tx.put(namespacesTable, '', name, { labels: noLabels });
}
