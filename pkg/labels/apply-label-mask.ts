import { KindError } from '../errors/kind-error.ts';
import { applyMapPath } from './apply-map-path.ts';
import type { Labels } from './labels.ts';
import { withoutEmpty } from './without-empty.ts';

/**
 * The labels after an update by field mask: `labels` replaces all, `labels.<key>` sets the one, no paths replace all.
 * An empty or missing value removes the label. The result is not checked for size.
 * @throws KindError `invalid-argument` for any other path, naming it.
 */
export function applyLabelMask(current: Labels, given: Labels, paths: readonly string[]): Labels {
  let result = paths.length === 0 ? given : current;
  for (const path of paths) {
    const applied = applyMapPath('labels', path, result, given);
    if (applied === undefined) throw new KindError('invalid-argument', `cannot update "${path}" field`);
    result = applied;
  }
  return withoutEmpty(result);
}
