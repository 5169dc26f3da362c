import { host } from '../host/host.ts';
import { cleanPath } from './clean-path.ts';

/** Where shims have their sockets, unless the daemon says otherwise. */
export const defaultSocketDirectory = '/run/containerd/s';

/** What decides where a shim listens. */
export interface SocketFacts {
  readonly directory: string;
  /** The daemon's address as it gave it. */
  readonly address: string;
  readonly namespace: string;
  /** The task's id, or its group's. */
  readonly group: string;
}

/** The path of the socket of a task's or group's shim: every shim and daemon computes the same one. */
export function shimSocketPath({ directory, address, namespace, group }: SocketFacts): string {
  const facts = [address, namespace, group].filter((part) => part !== '').join('/');
  return `${directory}/${host.sha256(host.encodeUtf8(cleanPath(facts)))}`;
}
