import { DeleteResponse } from '../../api/gen/containerd/task/v3/task.ts';
import { host } from '../host/host.ts';
import { Runc } from '../runtime/runc.ts';
import { Bundle } from '../tasks/bundle.ts';
import { Reaper } from '../tasks/reaper.ts';
import { timestampOf } from '../tasks/timestamp-of.ts';
import { unmountTree } from '../tasks/unmount-tree.ts';
import { BundleLog } from './bundle-log.ts';
import type { CommandLine } from './command-line.ts';
import { runtimeEnvironment } from './environment.ts';
import { isServed, removeSocket } from './listen-for-group.ts';
import { shimSocketPath } from './shim-address.ts';
import { readSocketDirectory } from './socket-directory.ts';
import { writeOutput } from './write-output.ts';

const defaultRoot = '/run/containerd/runc';
/** Of a process that was killed: 128 and SIGKILL. */
const killed = 137;
const childSignal = 17;

/**
 * `delete`: takes away what a dead shim left of its container, processes, mounts and socket, and prints how the container ended: as the shim
 * kept it, or as killed. Each step is tried whatever became of the others. Idempotent; needs root.
 */
export async function deleteContainer(line: CommandLine): Promise<void> {
  const { id, namespace, debug } = line;
  const log = new BundleLog(debug, { id, namespace, pid: host.pid() });
  const bundle = new Bundle(bundleOf(line));
  const reaper = new Reaper(runtimeEnvironment());
  host.onSignal([childSignal], () => reaper.reap());
  const attempt = async (what: string, work: () => Promise<void> | void): Promise<void> => {
    try {
      await work();
    } catch (error) {
      log.warn(what, { error });
    }
  };
  const { binaryName: binary, root, systemdCgroup } = bundle.readOptions();
  const state = `${root === '' ? defaultRoot : root}/${namespace}`;
  const runc = new Runc({ binary, root: state, log: bundle.runtimeLog, systemdCgroup }, reaper);
  // containerd asks after each shim that has ended, mostly for a container that its shim has deleted.
  await attempt('failed to remove runc container', async () => {
    if (runc.mayKnow(id)) await runc.delete(id, true);
  });
  await attempt('failed to cleanup rootfs mount', () => unmountTree(bundle.rootfs, true));
  await attempt('failed to remove socket', () => removeDeadSocket(line, bundle));
  const end = bundle.readEnd('');
  const exitedAt = timestampOf(end?.at ?? host.now());
  const pid = bundle.readInitPid() ?? 0;
  writeOutput(DeleteResponse.encode({ pid, exitStatus: end?.status ?? killed, exitedAt }).finish());
  host.exit(0);
}

/** The one that is told, or that of the id beside the one that we work in. */
function bundleOf({ bundle, id }: CommandLine): string {
  if (bundle.startsWith('/')) return bundle;
  const cwd = host.readLink('/proc/self/cwd');
  return `${cwd.slice(0, cwd.lastIndexOf('/'))}/${id}`;
}

function removeDeadSocket({ address, namespace, id }: CommandLine, bundle: Bundle): void {
  const group = bundle.readGroup() ?? id;
  const path = shimSocketPath({ directory: readSocketDirectory(bundle.path), address, namespace, group });
  if (!isServed(path)) removeSocket(path);
}
