import { KindError } from '../../pkg/errors/kind-error.ts';
import type { CommandLine } from '../command/command-line.ts';
import { environment } from '../command/environment.ts';
import { joinShimCgroup } from '../command/join-shim-cgroup.ts';
import { listenForGroup } from '../command/listen-for-group.ts';
import { openLog } from '../command/open-log.ts';
import { raiseOomScore } from '../command/raise-oom-score.ts';
import { readInput } from '../command/read-input.ts';
import { serve } from '../command/serve.ts';
import { shimSocketPath } from '../command/shim-address.ts';
import { writeOutput } from '../command/write-output.ts';
import { host } from '../host/host.ts';
import { Bundle } from '../tasks/bundle.ts';
import { takeOverContainer } from './take-over-container.ts';
import { descriptorsIn, parseTakeoverInput, type TakeoverInput } from './takeover-input.ts';

/**
 * `takeover`: makes a shim for the containers of one that has died, and prints how to reach it, as `start` does. The containers are taken over before
 * anybody is answered. One that cannot be is left as it is; a shim that could take over none ends.
 *
 * @throws KindError, SystemError; then nothing is left.
 */
export async function takeOver(line: CommandLine): Promise<void> {
  const { namespace, id, address, debug } = line;
  const input = parseTakeoverInput(host.decodeUtf8(await readInput()));
  const group = new Bundle('.').readGroup() ?? id;
  const path = shimSocketPath({ directory: input.socketDirectory, address, namespace, group });
  const socket = listenForGroup(path);
  if (socket.kind === 'served') throw new KindError('already-exists', `a shim that listens at ${path}`);
  const { shimCgroup } = new Bundle('.').readOptions();
  if (shimCgroup !== '') joinShimCgroup(shimCgroup);
  raiseOomScore();
  const { listener } = socket;
  if (host.detach([listener, ...descriptorsIn(input)], openLog())) {
    const ttrpcAddress = environment('TTRPC_ADDRESS');
    serve({
      listener,
      socket: path,
      namespace,
      id,
      ttrpcAddress,
      debug,
      prepare: (parts) => takeOverAll(parts, input),
    });
    return;
  }
  writeOutput(host.encodeUtf8(JSON.stringify({ version: 3, address: `unix://${path}`, protocol: 'ttrpc' })));
  host.exit(0);
}

async function takeOverAll(
  parts: Parameters<typeof takeOverContainer>[0],
  { containers }: TakeoverInput,
): Promise<void> {
  for (const container of containers) {
    try {
      await takeOverContainer(parts, container);
    } catch (error) {
      parts.log.error('container cannot be taken over', { id: container.id, error });
    }
  }
}
