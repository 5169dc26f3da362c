import { KindError } from '../errors/kind-error.ts';

const pattern = /^[A-Za-z0-9]+(?:[._-](?:[A-Za-z0-9]+))*$/;
const maxLength = 76;

/**
 * Checks a name that ends up in paths, keys and topics: a namespace, a container, task, exec, lease or sandbox id.
 * Letters and digits, with single `.`, `_` or `-` between them; at most 76 characters.
 *
 * @param what names the value in the message, as `namespace` or `container id`
 * @throws KindError `invalid-argument`, naming the value and the rule that it breaks.
 *
 * Source: containerd's rule for identifiers, as clients know it.
 */
export function validateIdentifier(value: string, what = 'identifier'): void {
  if (value === '') throw new KindError('invalid-argument', `${what} must not be empty`);
  if (value.length > maxLength) {
    const shown = JSON.stringify(value.slice(0, maxLength));
    throw new KindError(
      'invalid-argument',
      `${what} ${shown}… has ${value.length} characters, greater than maximum length (${maxLength} characters)`,
    );
  }
  if (!pattern.test(value)) {
    throw new KindError('invalid-argument', `${what} ${JSON.stringify(value)} must match ${pattern.source}`);
  }
}
