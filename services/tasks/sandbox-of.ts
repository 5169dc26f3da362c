import { Options } from '../../api/gen/containerd/runc/v1/runc.ts';
import { isAny } from '../../api/any/is-any.ts';
import { unpackAny } from '../../api/any/unpack-any.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import type { ShimAddress } from './shim-address.ts';
import type { TaskSandbox } from './task-runtime.ts';
import type { CreateTask } from './task-service.ts';

const runcOptions = 'containerd.runc.v1.Options';

/**
 * The sandbox that a task is to be made in: by its container's record, and the address by the request, or by runc's options as
 * callers before 2.3.1 tell it.
 * @throws KindError `invalid-argument` for an address without a protocol.
 */
export function sandboxOf(id: string, request: CreateTask): TaskSandbox | undefined {
  if (id === '') return undefined;
  const { taskApiAddress, taskApiVersion, options } = request;
  const older = options && isAny(options, runcOptions) ? unpackAny(options, runcOptions, Options) : {};
  const address = taskApiAddress === '' ? memberOf(older, 'taskApiAddress') : taskApiAddress;
  const version = taskApiVersion === 0 ? memberOf(older, 'taskApiVersion') : taskApiVersion;
  if (typeof address !== 'string' || address === '') return { id, address: undefined };
  return { id, address: addressOf(address, typeof version === 'number' ? version : 0) };
}

function addressOf(text: string, version: number): ShimAddress {
  const [, protocol, address] = /^([a-z]+)\+(.+)$/.exec(text) ?? [];
  if (protocol !== undefined && address !== undefined) return { version, protocol, address };
  const problem = `task API address ${JSON.stringify(text)} is not like "ttrpc+unix:///PATH" or "grpc+vsock://CID:PORT"`;
  throw new KindError('invalid-argument', problem);
}

/** Fields that are marked as deprecated, which is what they are read for. */
function memberOf(message: object, name: string): unknown {
  return Reflect.get(message, name);
}
