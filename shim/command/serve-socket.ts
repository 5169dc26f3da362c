import { host } from '../host/host.ts';
import type { CommandLine } from './command-line.ts';
import { environment } from './environment.ts';
import { serve } from './serve.ts';

/** Without an action: serves the socket of the command line in the foreground. @throws Error when it names none. */
export function serveSocket({ socket, namespace, id, debug }: CommandLine): void {
  if (socket === '') throw new Error('nothing to do: give an action, start or delete, or a path with -socket');
  const listener = host.listenUnix(socket, 0o600);
  serve({ listener, socket, namespace, id, ttrpcAddress: environment('TTRPC_ADDRESS'), debug });
}
