import { KindError } from '../errors/kind-error.ts';
import { hostPlatform } from './host-platform.ts';
import { normalizePlatform } from './normalize-platform.ts';
import type { Platform } from './platform.ts';

const part = /^[A-Za-z0-9_.-]+$/;
const operatingSystems = new Set(['linux', 'windows', 'darwin', 'freebsd', 'macos', 'wasip1', 'wasi']);

/**
 * Reads `os[/architecture[/variant]]`, or an architecture alone, which then means this machine's system.
 *
 * @throws KindError `invalid-argument` for anything else.
 */
export function parsePlatform(text: string): Platform {
  const parts = text.split('/');
  if (text.length > 256 || parts.length > 3 || !parts.every((each) => part.test(each))) {
    throw new KindError(
      'invalid-argument',
      `platform ${JSON.stringify(text.slice(0, 256))}: want os/architecture/variant`,
    );
  }
  const [first = '', second, third] = parts;
  const host = hostPlatform();
  if (second === undefined) {
    return operatingSystems.has(first.toLowerCase())
      ? normalizePlatform({ ...host, os: first })
      : normalizePlatform({ os: host.os, architecture: first });
  }
  return normalizePlatform({ os: first, architecture: second, ...(third === undefined ? {} : { variant: third }) });
}
