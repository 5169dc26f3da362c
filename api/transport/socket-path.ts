import { KindError } from '../../pkg/errors/kind-error.ts';

/**
 * The path of a unix socket as Node connects to it.
 *
 * @param address a path, `unix://` and a path, or `@` (or NUL) and a name in the kernel's abstract space
 * @throws KindError `unimplemented` for addresses of another kind, `invalid-argument` for an empty one.
 */
export function socketPath(address: string): string {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//.exec(address)?.[1];
  if (scheme !== undefined && scheme !== 'unix') {
    throw new KindError('unimplemented', `address "${address}": only unix sockets can be dialled`);
  }
  const path = scheme === undefined ? address : address.slice('unix://'.length);
  if (path === '') throw new KindError('invalid-argument', 'socket address must not be empty');
  return path.startsWith('@') ? `\0${path.slice(1)}` : path;
}
