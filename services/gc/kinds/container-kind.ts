import type { Container } from '../../containers/container-store.ts';
import { containersTable } from '../../metadata/containers-table.ts';
import type { RecordKind } from '../record-kind.ts';

/** Containers are roots; each keeps its snapshot and what its labels refer to. */
export const containerKind: RecordKind<Container> = {
  name: 'container',
  table: containersTable,
  collectable: false,
  conditional: false,
  isRoot: () => true,
  labels: ({ labels }) => labels,
  references({ snapshotter, snapshotKey }, { group }, visit) {
    if (snapshotter !== '') visit('snapshot', `${group}/${snapshotter}`, snapshotKey);
  },
};
