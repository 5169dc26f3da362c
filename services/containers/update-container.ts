import { KindError } from '../../pkg/errors/kind-error.ts';
import { applyMapPath } from '../../pkg/labels/apply-map-path.ts';
import { withoutEmpty } from '../../pkg/labels/without-empty.ts';
import type { Container, ContainerFields } from './container-store.ts';

const mutablePaths = ['labels', 'spec', 'extensions', 'image', 'snapshotkey'];

/**
 * A container after an update by field mask: what `paths` name is taken from `given`, or all that may change when they are empty.
 * @throws KindError `invalid-argument` for an unknown path, and without paths for another snapshotter or runtime.
 */
export function updateContainer(current: Container, given: ContainerFields, paths: readonly string[]): ContainerFields {
  if (paths.length === 0) refuseImmutable(current, given);
  let updated: ContainerFields = current;
  for (const path of paths.length === 0 ? mutablePaths : paths) {
    const labels = applyMapPath('labels', path, updated.labels, given.labels);
    const extensions = applyMapPath('extensions', path, updated.extensions, given.extensions);
    if (labels !== undefined) updated = { ...updated, labels: withoutEmpty(labels) };
    else if (extensions !== undefined) updated = { ...updated, extensions };
    // A spec is replaced but never taken away: clients send masks, or no mask, with containers that have none.
    else if (path === 'spec') updated = { ...updated, spec: given.spec ?? updated.spec };
    else if (path === 'image') updated = { ...updated, image: given.image };
    // One word in lower case, unlike the field: clients send it so.
    else if (path === 'snapshotkey') updated = { ...updated, snapshotKey: given.snapshotKey };
    else throw new KindError('invalid-argument', `cannot update "${path}" field on "${given.id}"`);
  }
  return updated;
}

function refuseImmutable(current: Container, given: ContainerFields): void {
  if (given.snapshotter !== current.snapshotter)
    throw new KindError('invalid-argument', 'container.Snapshotter field is immutable');
  if (given.runtime.name !== current.runtime.name)
    throw new KindError('invalid-argument', 'container.Runtime.Name field is immutable');
}
