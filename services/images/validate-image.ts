import { parseDigest } from '../../pkg/digest/parse-digest.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import { validateLabels } from '../../pkg/labels/validate-labels.ts';
import type { ImageFields } from './image-store.ts';

/**
 * Refuses an image that cannot be kept, in containerd's words.
 * @throws KindError `invalid-argument` for an empty name, a bad target or labels over the limit.
 */
export function validateImage({ name, target, labels }: ImageFields): void {
  const refuse = (problem: string) => new KindError('invalid-argument', problem);
  if (name === '') throw refuse('Image.Name required');
  validateLabels(labels, 'image.Labels');
  parseDigest(target.digest);
  if (target.size <= 0) throw refuse('Target.Size must be greater than zero');
  if (!Number.isSafeInteger(target.size)) throw refuse(`Target.Size ${target.size} is too large`);
  if (target.mediaType === '') throw refuse('Target.MediaType must be set');
}
