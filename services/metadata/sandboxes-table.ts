import { Sandbox as SandboxProto } from '../../api/gen/gantry/metadata/v1/metadata.ts';
import type { Table } from '../../pkg/database/table.ts';
import type { Sandbox } from '../sandboxes/sandbox-store.ts';
import { storedLabels } from './stored-labels.ts';

/** Sandboxes: group is the namespace, key the id. Every sandbox is a root of garbage collection by what its labels refer to. */
export const sandboxesTable: Table<Sandbox> = {
  name: 'sandboxes',
  encode: ({ runtime, labels, extensions, ...sandbox }) =>
    SandboxProto.encode({
      ...sandbox,
      runtimeName: runtime.name,
      runtimeOptions: runtime.options,
      labels: new Map(labels),
      extensions: new Map(extensions),
    }).finish(),
  decode: (bytes) => {
    const { runtimeName, runtimeOptions, ...sandbox } = SandboxProto.decode(bytes);
    return {
      ...sandbox,
      runtime: { name: runtimeName, options: runtimeOptions },
      labels: storedLabels(sandbox.labels),
    };
  },
};
