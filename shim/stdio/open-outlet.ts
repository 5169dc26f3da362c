import { KindError } from '../../pkg/errors/kind-error.ts';
import { isSystemError } from '../../pkg/sys/system-error.ts';
import { host } from '../host/host.ts';
import { FifoOutlet } from './fifo-outlet.ts';
import { FileOutlet } from './file-outlet.ts';
import { LogOutlet } from './log-outlet.ts';
import { openFlags } from './open-flags.ts';
import type { Outlet } from './outlet.ts';
import type { StdioTarget } from './stdio-target.ts';

/**
 * Opens what output goes to, but for loggers, which need the pipes.
 * @param outputs how many it will take, 1 or 2
 * @throws KindError `unknown` with the system's word
 */
export function openOutlet(target: Exclude<StdioTarget, { kind: 'logger' }>, outputs = 1): Outlet {
  if (target.kind === 'none') return new FileOutlet(-1, 'nowhere');
  const { path } = target;
  try {
    if (target.kind === 'fifo') return openThere(path, outputs);
    host.makeDirectory(path.slice(0, path.lastIndexOf('/')) || '/', 0o755);
    if (target.kind === 'cri-log') return new LogOutlet(path, target.longestLine);
    return new FileOutlet(host.open(path, openFlags.writeOnly | openFlags.append | openFlags.create, 0o644), path);
  } catch (error) {
    throw openFailure(path, error);
  }
}

/** What a client is told of a file that it named. */
export function openFailure(path: string, error: unknown): unknown {
  if (!isSystemError(error)) return error;
  const hint = error.code === 'ENOENT' ? ' (a client makes its FIFOs before it asks for the process)' : '';
  return new KindError('unknown', `opening file "${path}" failed: ${error.message}${hint}`, { cause: error });
}

/** Whatever the client has made there. */
function openThere(path: string, outputs: number): Outlet {
  const reading = host.open(path, openFlags.readOnly, 0);
  if (host.isPipe(reading)) return new FifoOutlet(reading, outputs);
  host.close(reading);
  return new FileOutlet(host.open(path, openFlags.writeOnly | openFlags.append, 0), path);
}
