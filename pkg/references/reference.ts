import { KindError } from '../errors/kind-error.ts';
import { parseDigest } from '../digest/parse-digest.ts';

/** An image's name taken apart, as containerd reads it: `host[:port]/path[:tag][@digest]`. Docker's short names are the client's job. */
export interface Reference {
  /** `host[:port]`. */
  readonly host: string;
  /** The path below the host, without slashes at its ends. */
  readonly repository: string;
  /** Empty when there is none. */
  readonly tag: string;
  /** Empty when there is none. */
  readonly digest: string;
}

const host = /^(?:[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;
const repository = /^[A-Za-z0-9]+(?:[._/-]+[A-Za-z0-9]+)*$/;
const tag = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

/**
 * Takes a name apart.
 *
 * @throws KindError `invalid-argument` for a name without host and path, or with parts that a registry could not have.
 */
export function parseReference(text: string): Reference {
  const shown = JSON.stringify(text.length > 320 ? `${text.slice(0, 320)}…` : text);
  const fail = (what: string): never => {
    throw new KindError('invalid-argument', `reference ${shown}: ${what}`);
  };
  if (text.length > 4096 || text.includes('://')) fail('invalid reference');
  const slash = text.indexOf('/');
  if (slash <= 0) fail('want host/path');
  const hostPart = text.slice(0, slash);
  const rest = text.slice(slash + 1);
  const at = rest.indexOf('@');
  const named = at === -1 ? rest : rest.slice(0, at);
  const digest = at === -1 ? '' : rest.slice(at + 1);
  const colon = named.indexOf(':');
  const path = colon === -1 ? named : named.slice(0, colon);
  const tagPart = colon === -1 ? '' : named.slice(colon + 1);
  if (!host.test(hostPart)) fail('bad host');
  if (path.length > 1024 || !repository.test(path) || path.includes('//')) fail('bad repository');
  if (colon !== -1 && !tag.test(tagPart)) fail('bad tag');
  if (at !== -1) parseDigest(digest);
  return { host: hostPart, repository: path, tag: tagPart, digest };
}
