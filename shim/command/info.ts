import { RuntimeInfo } from '../../api/gen/containerd/types/types.ts';
import { jsonTypes } from '../../api/any/json-types.ts';
import { Any } from '../../api/gen/google/protobuf/any.ts';
import { host } from '../host/host.ts';
import { findProgram } from '../runtime/find-program.ts';
import { Reaper } from '../tasks/reaper.ts';
import { runcOptions } from '../tasks/runc-options.ts';
import { runtimeEnvironment } from './environment.ts';
import { readInput } from './read-input.ts';
import { runtimeName } from './runtime-name.ts';
import { shimVersion } from './version.ts';
import { writeOutput } from './write-output.ts';

const childSignal = 17;

/**
 * `-info`: reads the runtime's options, if there are any, and prints what runtime that is; with its features if it can tell them.
 * @throws KindError when the runtime is not installed, or the options are not its own.
 */
export async function info(): Promise<void> {
  const input = await readInput();
  const options = input.length === 0 ? undefined : Any.decode(input);
  const { binaryName } = runcOptions(options);
  const program = findProgram(binaryName === '' ? 'runc' : binaryName);
  const version = shimVersion();
  const features = await featuresOf(program);
  writeOutput(RuntimeInfo.encode({ name: runtimeName, version, options, features, annotations: new Map() }).finish());
  host.exit(0);
}

/** Undefined when it knows no such command, as older ones do. */
async function featuresOf(program: string): Promise<Any | undefined> {
  const reaper = new Reaper(runtimeEnvironment());
  host.onSignal([childSignal], () => reaper.reap());
  try {
    const { status, output } = await reaper.run(program, ['features']);
    if (status !== 0) return undefined;
    JSON.parse(host.decodeUtf8(output));
    return { typeUrl: jsonTypes.features, value: output };
  } catch {
    return undefined;
  }
}
