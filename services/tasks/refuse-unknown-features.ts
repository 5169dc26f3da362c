import { isAny } from '../../api/any/is-any.ts';
import { jsonTypes } from '../../api/any/json-types.ts';
import type { RuntimeInfo } from '../../api/gen/containerd/types/types.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import { memberOf, parsedJson } from './json-members.ts';
import type { ShimManager } from './shim-manager.ts';
import type { TaskFields } from './task-runtime.ts';

/** @throws KindError `unimplemented` where the runtime would pass over what the spec asks for: mounts with mapped owners. */
export async function refuseUnknownFeatures(
  shims: ShimManager,
  { runtime, options, spec }: TaskFields,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (!requiresIdMappedMounts(spec)) return;
  const info = await shims.info(runtime, options, signal);
  if (canMapIdsOfMounts(info)) return;
  throw new KindError('unimplemented', `runtime "${runtime}" does not tell that it knows id-mapped mounts`);
}

/** Whether a spec has mounts with mapped owners. Runtimes pass over what they do not know, and the owners would be wrong. */
function requiresIdMappedMounts(spec: Uint8Array | undefined): boolean {
  const bytes = spec && Buffer.from(spec.buffer, spec.byteOffset, spec.byteLength);
  // Most specs do not mention it anywhere, and parsing one takes a while.
  if (!bytes || !['idmap"', 'idMappings"'].some((word) => bytes.includes(word))) return false;
  const mounts = memberOf(parsedJson(bytes.toString('utf8')), 'mounts');
  return Array.isArray(mounts) && mounts.some((mount: unknown) => isIdMapped(mount));
}

function isIdMapped(mount: unknown): boolean {
  const options = memberOf(mount, 'options');
  const mapped = ['uidMappings', 'gidMappings'].some((name) => Array.isArray(memberOf(mount, name)));
  return mapped || (Array.isArray(options) && ['idmap', 'ridmap'].some((option) => options.includes(option)));
}

/** Whether a runtime tells that it can do them: `mountExtensions.idmap` of OCI's features. */
function canMapIdsOfMounts({ features }: RuntimeInfo): boolean {
  if (!isAny(features, jsonTypes.features)) return false;
  const extensions = memberOf(parsedJson(Buffer.from(features.value).toString('utf8')), 'mountExtensions');
  return memberOf(memberOf(extensions, 'idmap'), 'enabled') === true;
}
