import { KindError } from '../../pkg/errors/kind-error.ts';
import { applyMapPath } from '../../pkg/labels/apply-map-path.ts';
import { noLabels } from '../../pkg/labels/labels.ts';
import { withoutEmpty } from '../../pkg/labels/without-empty.ts';
import type { Image, ImageFields } from './image-store.ts';

/**
 * An image after an update by field mask: what `paths` name is taken from `given`, or all of it when they are empty.
 * @throws KindError `invalid-argument` for an unknown path, naming it.
 */
export function updateImage(current: Image, given: ImageFields, paths: readonly string[]): ImageFields {
  let { labels, target } = paths.length === 0 ? given : current;
  for (const path of paths) {
    const newLabels = applyMapPath('labels', path, labels, given.labels);
    const annotations = applyMapPath(
      'annotations',
      path,
      target.annotations ?? noLabels,
      given.target.annotations ?? noLabels,
    );
    if (newLabels !== undefined) labels = newLabels;
    else if (annotations !== undefined) target = { ...target, annotations };
    else if (path === 'target') target = given.target;
    else
      throw new KindError('invalid-argument', `cannot update "${path}" field on image ${JSON.stringify(given.name)}`);
  }
  return { name: current.name, labels: withoutEmpty(labels), target };
}
