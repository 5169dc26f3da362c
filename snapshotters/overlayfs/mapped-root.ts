import { KindError } from '../../pkg/errors/kind-error.ts';

/** An owner of files. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

const form = /^(\d{1,10}):(\d{1,10}):(\d{1,10})$/;

/**
 * Who root of a container with a user namespace is on the host, by the labels `containerd.io/snapshot/{uid,gid}mapping`
 * (`<container id>:<host id>:<size>`, joined by commas); undefined unless both are there.
 * @throws KindError `invalid-argument` for a mapping that is malformed or has no root.
 */
export function mappedRoot(labels: ReadonlyMap<string, string> | undefined): Owner | undefined {
  const uids = labels?.get('containerd.io/snapshot/uidmapping');
  const gids = labels?.get('containerd.io/snapshot/gidmapping');
  if (!uids || !gids) return undefined;
  return { uid: hostRoot(uids), gid: hostRoot(gids) };
}

function hostRoot(mapping: string): number {
  for (const range of mapping.split(',')) {
    const [, container, host, size] = form.exec(range) ?? [];
    if (host === undefined) break;
    if (Number(container) === 0 && Number(size) > 0 && Number(host) < 2 ** 32 - 1) return Number(host);
  }
  throw new KindError('invalid-argument', `snapshot label: id mapping "${mapping}" without root`);
}
