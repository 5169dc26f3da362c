import { KindError } from '../../pkg/errors/kind-error.ts';
import { applyMapPath } from '../../pkg/labels/apply-map-path.ts';
import { withoutEmpty } from '../../pkg/labels/without-empty.ts';
import type { Sandbox, SandboxFields } from './sandbox-store.ts';

const mutablePaths = ['labels', 'extensions', 'spec', 'runtime'];

/**
 * A sandbox after an update by field mask: what `paths` name is taken from `given`, or all that may change when they are empty.
 * @throws KindError `invalid-argument` for an unknown path, and without paths for another runtime.
 */
export function updateSandbox(current: Sandbox, given: SandboxFields, paths: readonly string[]): SandboxFields {
  if (paths.length === 0 && given.runtime.name !== current.runtime.name)
    throw new KindError('invalid-argument', 'sandbox.Runtime.Name field is immutable');
  let updated: SandboxFields = current;
  for (const path of paths.length === 0 ? mutablePaths : paths) {
    const labels = applyMapPath('labels', path, updated.labels, given.labels);
    const extensions = applyMapPath('extensions', path, updated.extensions, given.extensions);
    if (labels !== undefined) updated = { ...updated, labels: withoutEmpty(labels) };
    else if (extensions !== undefined) updated = { ...updated, extensions };
    // Clients send masks, or no mask, with sandboxes that have neither spec nor options.
    else if (path === 'spec') updated = { ...updated, spec: given.spec ?? updated.spec };
    else if (path === 'runtime') updated = { ...updated, runtime: newRuntime(updated, given) };
    else throw new KindError('invalid-argument', `cannot update "${path}" field on sandbox "${given.id}"`);
  }
  return updated;
}

function newRuntime(current: SandboxFields, { runtime }: SandboxFields): SandboxFields['runtime'] {
  return { name: runtime.name, options: runtime.options ?? current.runtime.options };
}
