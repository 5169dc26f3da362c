import { noLabels, type Labels } from '../../../pkg/labels/labels.ts';

/** Names the committed snapshot that a remote snapshotter may put in the place of the prepared one. */
export const snapshotRefLabel = 'containerd.io/snapshot.ref';

/** The labels that the snapshotter itself is told of: all others are the client's alone. */
export function inheritedLabels(labels: Labels): Labels {
  const inherited = [...labels].filter(
    ([key]) => key.startsWith('containerd.io/snapshot/') || key === snapshotRefLabel,
  );
  return inherited.length === 0 ? noLabels : new Map(inherited);
}
