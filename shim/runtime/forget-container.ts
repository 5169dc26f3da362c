import { isSystemError } from '../../pkg/sys/system-error.ts';
import { host } from '../host/host.ts';
import { soleMember } from '../tasks/sole-member.ts';

/** runc's record of a container holds its whole configuration. Bytes. */
const maxRecord = 16 << 20;
const record = 'state.json';

/**
 * Takes away what runc keeps of a container that has ended, as `runc delete` does, without a program: its cgroups, empty by now, and its
 * directory. Not for a container whose processes outlive its first one, nor for one with hooks that are to be run then.
 *
 * @param state the container's directory in runc's
 * @returns false when there is anything that runc alone can take away: it finds what is left as it knows it.
 */
export function forgetContainer(state: string): boolean {
  try {
    const paths = cgroupsOf(host.decodeUtf8(host.readFile(`${state}/${record}`, maxRecord)));
    const names = host.readDirectory(state);
    if (!paths || names.length !== 1 || names[0] !== record) return false;
    for (const path of paths) removeCgroup(path);
    host.unlink(`${state}/${record}`);
    host.removeDirectory(state);
    return true;
  } catch (error) {
    if (isSystemError(error)) return false;
    throw error;
  }
}

/** The directories that runc made, or joined, for the container; undefined when there is more to remove than these. */
function cgroupsOf(text: string): readonly string[] | undefined {
  const rdt = soleMember(text, 'intel_rdt_path');
  const cgroups = soleMember(text, 'cgroup_paths');
  const plain = rdt.kind === 'none' || (rdt.kind === 'found' && rdt.value === '');
  if (!plain || cgroups.kind !== 'found' || typeof cgroups.value !== 'object' || cgroups.value === null)
    return undefined;
  const paths: unknown[] = [...new Set(Object.values(cgroups.value))];
  return paths.every((path) => typeof path === 'string' && path.startsWith('/')) ? (paths as string[]) : undefined;
}

/** @throws SystemError `EBUSY` when somebody is in it. */
function removeCgroup(path: string): void {
  try {
    host.removeDirectory(path);
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error;
  }
}
