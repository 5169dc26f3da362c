import { parseDigest } from '../../pkg/digest/parse-digest.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import type { LeaseResource } from './lease-manager.ts';

/**
 * Refuses what a lease cannot list, in containerd's words. The thing itself need not exist.
 * @throws KindError `unimplemented` for an unknown type; `invalid-argument` for a malformed type or digest, or an empty id.
 */
export function validateResource({ type, id }: LeaseResource): void {
  const [kind, ...parts] = type.split('/');
  if (kind === 'snapshots') {
    if (parts.length !== 1 || parts[0] === '')
      throw new KindError('invalid-argument', `invalid snapshot resource type ${type}`);
  } else if (kind !== 'content' && kind !== 'ingests' && kind !== 'images') {
    throw new KindError('unimplemented', `resource type ${type} not supported yet`);
  } else if (parts.length > 0) {
    throw new KindError('invalid-argument', `invalid resource type ${type}`);
  }
  if (kind === 'content') parseDigest(id);
  else if (id === '') throw new KindError('invalid-argument', `resource of type ${type} without an id`);
}
