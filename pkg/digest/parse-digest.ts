import { KindError } from '../errors/kind-error.ts';

/** The digest algorithms of the OCI image spec, by their names, with the length of their value in hexadecimal digits. */
const hexLengths = { sha256: 64, sha384: 96, sha512: 128 } as const;

/** One of the algorithms that a digest may name; also Node's name for its hash. */
export type DigestAlgorithm = keyof typeof hexLengths;

/** A digest taken apart: `<algorithm>:<hex>`. */
export interface Digest {
  readonly algorithm: DigestAlgorithm;
  /** Lower-case hexadecimal digits: safe as a file name. */
  readonly hex: string;
}

const form = /^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$/;
const lowerHex = /^[0-9a-f]+$/;

function isAlgorithm(name: string): name is DigestAlgorithm {
  return Object.hasOwn(hexLengths, name);
}

/**
 * Takes a digest apart.
 *
 * @throws KindError `invalid-argument` for anything but a well-formed sha256, sha384 or sha512 digest.
 */
export function parseDigest(text: string): Digest {
  const shown = JSON.stringify(text.length > 160 ? `${text.slice(0, 160)}…` : text);
  if (text.length > 1024 || !form.test(text)) {
    throw new KindError('invalid-argument', `digest ${shown}: invalid checksum digest format`);
  }
  const colon = text.indexOf(':');
  const algorithm = text.slice(0, colon);
  const hex = text.slice(colon + 1);
  if (!isAlgorithm(algorithm)) {
    throw new KindError('invalid-argument', `digest ${shown}: unsupported digest algorithm`);
  }
  if (hex.length !== hexLengths[algorithm]) {
    throw new KindError('invalid-argument', `digest ${shown}: invalid checksum digest length`);
  }
  if (!lowerHex.test(hex)) {
    throw new KindError('invalid-argument', `digest ${shown}: invalid checksum digest format`);
  }
  return { algorithm, hex };
}
