import { KindError } from '../../pkg/errors/kind-error.ts';
import { validateIdentifier } from '../../pkg/identifiers/validate-identifier.ts';
import { validateLabels } from '../../pkg/labels/validate-labels.ts';
import type { ContainerFields } from './container-store.ts';

/**
 * Refuses a container that cannot be kept, in containerd's words.
 * @throws KindError `invalid-argument`, naming the field.
 */
export function validateContainer({
  id,
  labels,
  extensions,
  runtime,
  snapshotKey,
  snapshotter,
}: ContainerFields): void {
  const refuse = (problem: string) => new KindError('invalid-argument', problem);
  validateIdentifier(id, 'container.ID: identifier');
  if (extensions.has('')) throw refuse('container.Extension keys must not be zero-length');
  validateLabels(labels, 'containers.Labels');
  if (runtime.name === '') throw refuse('container.Runtime.Name must be set');
  if (snapshotKey !== '' && snapshotter === '')
    throw refuse('container.Snapshotter must be set if container.SnapshotKey is set');
}
