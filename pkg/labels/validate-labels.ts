import { KindError } from '../errors/kind-error.ts';
import type { Labels } from './labels.ts';

/** The most bytes that a label's key and value may have together. */
const maxSize = 4096;
const maxShownKey = 64;

/**
 * Refuses labels that are too long.
 * @param field begins the message, as `image.Labels`
 * @throws KindError `invalid-argument`, naming the key, for a key and value of more than 4096 bytes together.
 */
export function validateLabels(labels: Labels, field = 'labels'): void {
  for (const [key, value] of labels) {
    const size = Buffer.byteLength(key) + Buffer.byteLength(value);
    if (size <= maxSize) continue;
    const shown = key.slice(0, maxShownKey);
    const text = `${field}: label key and value length (${size} bytes) greater than maximum size (${maxSize} bytes), key: ${shown}`;
    throw new KindError('invalid-argument', text);
  }
}
