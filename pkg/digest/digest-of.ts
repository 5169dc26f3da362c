import { createHash } from 'node:crypto';
import type { DigestAlgorithm } from './parse-digest.ts';

/** The digest of bytes that are in memory; holds the loop, so for small things such as manifests. */
export function digestOf(bytes: Uint8Array | string, algorithm: DigestAlgorithm = 'sha256'): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
}
