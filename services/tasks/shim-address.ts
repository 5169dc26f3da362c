import { createHash } from 'node:crypto';
import { join } from 'node:path';

/** How a shim is reached: what its `start` told and `bootstrap.json` keeps. */
export interface ShimAddress {
  /** 2 or 3: the version of the task API. */
  readonly version: number;
  /** `unix://<path>`, a bare name for an abstract unix socket, or `hvsock://<path>:<port>`. */
  readonly address: string;
  /** `ttrpc` or `grpc`; others are refused when dialling. */
  readonly protocol: string;
  /** Whether the shim keeps what another needs to take over when it dies, as ours do. Told by `start`, and not kept. */
  readonly canBeFollowed?: boolean;
}

/** The directory of shim sockets, one for every daemon of a machine. */
export const defaultSocketDirectory = '/run/containerd/s';

/**
 * The socket that a shim of the usual making listens on, before it has told. `group` is the id of a task, or the name of
 * a group of tasks that share a shim. The daemon's own address is part of it, so that daemons keep apart.
 */
export function computedSocket(directory: string, daemonAddress: string, namespace: string, group: string): string {
  const digest = createHash('sha256')
    .update(join(daemonAddress, namespace, group))
    .digest('hex');
  return join(directory, digest);
}

/**
 * The path to connect to in Node's terms (abstract sockets begin with a NUL), or undefined for another kind of address. The forms
 * without slashes are those of gRPC targets.
 */
export function socketPathOf(address: string): string | undefined {
  if (address.startsWith('unix://')) return address.slice('unix://'.length);
  if (address.startsWith('unix-abstract:')) return `\0${address.slice('unix-abstract:'.length)}`;
  if (address.startsWith('unix:')) return address.slice('unix:'.length);
  if (address.includes('://')) return undefined;
  return address.startsWith('\0') ? address : `\0${address}`;
}

/** The socket of a virtual machine's monitor and the port in the machine that it forwards; undefined for another kind of address. */
export function hybridVsockOf(address: string): { readonly path: string; readonly port: number } | undefined {
  const [, path, digits] = /^hvsock:\/\/(\/.*):(\d{1,10})$/.exec(address) ?? [];
  return path === undefined ? undefined : { path, port: Number(digits) };
}
