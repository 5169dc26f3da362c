import { Activation as ActivationProto } from '../../api/gen/gantry/metadata/v1/metadata.ts';
import type { Table } from '../../pkg/database/table.ts';
import type { Activation } from '../mounts/mount-manager.ts';
import { storedLabels } from './stored-labels.ts';

/** What is kept of an activation. */
export interface ActivationRecord extends Activation {
  /** Numbers the directory of its mount points. */
  readonly sequence: number;
  /** The lease that it was made with; empty for none. */
  readonly lease: string;
  readonly temporary: boolean;
  /** All is mounted. Without it the activation is under way, or was when the daemon died. */
  readonly complete: boolean;
  /** Nanoseconds since 1970. */
  readonly createdAt: bigint;
}

/** Activations of mounts: group is the namespace, key the name. */
export const activationsTable: Table<ActivationRecord> = {
  name: 'activations',
  encode: ({ labels, sequence, active, system, ...activation }) =>
    ActivationProto.encode({
      ...activation,
      sequence: BigInt(sequence),
      labels: new Map(labels),
      active: active.map(({ mount, ...rest }) => ({ ...rest, mount: { ...mount, options: [...mount.options] } })),
      system: system.map((mount) => ({ ...mount, options: [...mount.options] })),
    }).finish(),
  decode: (bytes) => {
    const { sequence, labels, active, ...activation } = ActivationProto.decode(bytes);
    const nothing = { type: '', source: '', target: '', options: [] };
    return {
      ...activation,
      sequence: Number(sequence),
      labels: storedLabels(labels),
      active: active.map(({ mount, ...rest }) => ({ ...rest, mount: mount ?? nothing })),
    };
  },
};
