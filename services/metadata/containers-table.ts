import { Container as ContainerProto } from '../../api/gen/gantry/metadata/v1/metadata.ts';
import type { Table } from '../../pkg/database/table.ts';
import type { Container } from '../containers/container-store.ts';
import { storedLabels } from './stored-labels.ts';

/** Containers: group is the namespace, key the id. */
export const containersTable: Table<Container> = {
  name: 'containers',
  encode: ({ runtime, labels, extensions, ...container }) =>
    ContainerProto.encode({
      ...container,
      runtimeName: runtime.name,
      runtimeOptions: runtime.options,
      labels: new Map(labels),
      extensions: new Map(extensions),
    }).finish(),
  decode: (bytes) => {
    const { runtimeName, runtimeOptions, ...container } = ContainerProto.decode(bytes);
    return {
      ...container,
      runtime: { name: runtimeName, options: runtimeOptions },
      labels: storedLabels(container.labels),
    };
  },
};
