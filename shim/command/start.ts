import { BootstrapResult, LogLevel } from '../../api/gen/containerd/runtime/bootstrap/v1/bootstrap.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import { isSystemError } from '../../pkg/sys/system-error.ts';
import { systemText } from '../../pkg/sys/system-text.ts';
import { host } from '../host/host.ts';
import { Bundle } from '../tasks/bundle.ts';
import { runcOptions } from '../tasks/runc-options.ts';
import { parseBootstrapInput, type BootstrapInput } from './bootstrap-input.ts';
import type { CommandLine } from './command-line.ts';
import { environment } from './environment.ts';
import { joinShimCgroup } from './join-shim-cgroup.ts';
import { listenForGroup, removeSocket } from './listen-for-group.ts';
import { openLog } from './open-log.ts';
import { raiseOomScore } from './raise-oom-score.ts';
import { readInput } from './read-input.ts';
import { serve } from './serve.ts';
import { defaultSocketDirectory, shimSocketPath } from './shim-address.ts';
import { keepSocketDirectory } from './socket-directory.ts';
import { writeOutput } from './write-output.ts';

/** A unix socket's path has room for so many bytes. */
const maxSocketPath = 107;

/**
 * `start`: makes a shim for the bundle that we work in, or finds that of its group, and prints how to reach it. Of the two processes that
 * come out of this, the child is the shim.
 *
 * Daemons since 2.3 are answered in binary, all others an address in plain text, which each of them takes for version 2.
 *
 * @throws KindError, SystemError; then nothing is left.
 */
export async function start(line: CommandLine): Promise<void> {
  const input = parseBootstrapInput(await readInput(), line.id, line.namespace);
  const path = socketOf(line, input);
  const socket = listenForGroup(path);
  if (socket.kind === 'ours' && becomeShim(socket.listener, path, input)) {
    const { namespace, id } = line;
    const { containerdTtrpcAddress = '', logLevel = LogLevel.LOG_LEVEL_INFO } = input.params ?? {};
    const ttrpcAddress = containerdTtrpcAddress === '' ? environment('TTRPC_ADDRESS') : containerdTtrpcAddress;
    const debug = line.debug || logLevel <= LogLevel.LOG_LEVEL_DEBUG;
    serve({ listener: socket.listener, socket: path, namespace, id, ttrpcAddress, debug });
    return;
  }
  writeOutput(reply(`unix://${path}`, input));
  host.exit(0);
}

/** Whether this is the process that is the shim. @throws when there is none, and no socket any more. */
function becomeShim(listener: number, path: string, { options, params }: BootstrapInput): boolean {
  try {
    const { shimCgroup } = runcOptions(options);
    if (shimCgroup !== '') joinShimCgroup(shimCgroup);
    if (params?.socketDir) keepSocketDirectory(params.socketDir);
    raiseOomScore();
    if (environment('SCHED_CORE') !== '') shareCores();
    return host.detach([listener], openLog());
  } catch (error) {
    removeSocket(path);
    throw error;
  }
}

function shareCores(): void {
  try {
    host.shareCores();
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new KindError('unknown', `enable sched core support: ${systemText(error)}`, { cause: error });
  }
}

function socketOf({ address, namespace, id }: CommandLine, { params }: BootstrapInput): string {
  const directory = params?.socketDir ? params.socketDir : defaultSocketDirectory;
  const group = new Bundle('.').readGroup() ?? id;
  const path = shimSocketPath({ directory, address, namespace, group });
  if (host.encodeUtf8(path).length <= maxSocketPath) return path;
  throw new KindError(
    'invalid-argument',
    `path of socket "${path}" is longer than ${maxSocketPath} bytes; use a shorter directory`,
  );
}

function reply(address: string, { params }: BootstrapInput): Uint8Array {
  if (!params) return host.encodeUtf8(address);
  // The daemon holds what a successor needs.
  const metadata = new Map([['io.containerd.gantry.successors', 'yes']]);
  const result = { version: 3, address, protocol: 'ttrpc', capabilities: [], metadata };
  return BootstrapResult.encode(result).finish();
}
