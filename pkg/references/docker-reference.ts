import { parseReference } from './reference.ts';

/**
 * The full name for one in Docker's short form: `busybox` is `docker.io/library/busybox:latest`.
 *
 * @throws KindError `invalid-argument` when it is no name.
 */
export function normalizeDockerReference(short: string): string {
  const slash = short.indexOf('/');
  const first = slash === -1 ? '' : short.slice(0, slash);
  const hasHost = first === 'localhost' || /[.:]/.test(first) || first.toLowerCase() !== first;
  const domain = !hasHost || first === 'index.docker.io' ? 'docker.io' : first;
  const rest = hasHost ? short.slice(slash + 1) : short;
  const full = `${domain}/${domain === 'docker.io' && !rest.includes('/') ? 'library/' : ''}${rest}`;
  const { host, repository, tag, digest } = parseReference(full);
  if (digest !== '') return `${host}/${repository}@${digest}`;
  return `${host}/${repository}:${tag === '' ? 'latest' : tag}`;
}

/** The short form of a full name, with its tag: what `docker load` expects in an archive. */
export function familiarDockerReference(name: string): string {
  const full = normalizeDockerReference(name);
  if (full.startsWith('docker.io/library/')) return full.slice('docker.io/library/'.length);
  return full.startsWith('docker.io/') ? full.slice('docker.io/'.length) : full;
}
