import { accessSync, constants, statSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { KindError } from '../../pkg/errors/kind-error.ts';

/** The shim that comes with the daemon. */
export const ownShim = 'containerd-shim-gantry-v2';

/** The runtime whose shim the configuration names. */
const runc = 'io.containerd.runc.v2';
const runcsOwnShim = 'containerd-shim-runc-v2';

/** Where shim binaries are looked for. */
export interface ShimSearch {
  /** Directories as in PATH. */
  readonly path: string;
  /** The daemon's executable; its directory comes after `path`, and before it for the shim that comes with the daemon. */
  readonly executable: string;
  /** What serves `io.containerd.runc.v2`: a binary's name or an absolute path. */
  readonly runcShim: string;
}

/**
 * The file that serves a runtime: an absolute path as it is, else `containerd-shim-<name>-<version>` of the last two
 * parts of the name, searched in PATH and beside the daemon. For `io.containerd.runc.v2` it is what the search names; where that is our
 * own shim and it is not installed, runc's.
 *
 * @throws KindError `invalid-argument` for a name of neither form, `not-found` when nothing is installed under it.
 */
export function findShimBinary(runtime: string, search: ShimSearch): string {
  const binary = runtime === runc ? search.runcShim : runtime;
  if (isAbsolute(binary)) {
    if (isExecutable(binary)) return binary;
    throw new KindError('not-found', `runtime "${runtime}": no executable file at ${binary}`);
  }
  const names = runtime === runc ? [binary, ...(binary === ownShim ? [runcsOwnShim] : [])] : [binaryName(runtime)];
  for (const name of names) {
    const found = directoriesFor(name, search)
      .map((directory) => join(directory, name))
      .find(isExecutable);
    if (found !== undefined) return found;
  }
  throw new KindError(
    'not-found',
    `runtime "${runtime}" binary not installed "${names.join('", "')}": it is neither in PATH nor beside the daemon`,
  );
}

/** Our own is of one version with the daemon where it stands beside it. */
function directoriesFor(name: string, { path, executable }: ShimSearch): string[] {
  const inPath = path.split(':').filter((directory) => isAbsolute(directory));
  const beside = dirname(executable);
  return name === ownShim ? [beside, ...inPath] : [...inPath, beside];
}

function binaryName(runtime: string): string {
  const [version, name] = runtime.split('.').reverse();
  const valid = /^[A-Za-z0-9_-]+$/;
  if (version !== undefined && name !== undefined && valid.test(version) && valid.test(name)) {
    return `containerd-shim-${name}-${version}`;
  }
  throw new KindError(
    'invalid-argument',
    `invalid runtime name ${JSON.stringify(runtime)}, a correct name is either like "io.containerd.runc.v2" or a full path to the binary`,
  );
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
