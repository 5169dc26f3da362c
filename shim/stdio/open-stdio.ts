import { parseStdioUri } from './parse-stdio-uri.ts';
import { PipedStdio } from './piped-stdio.ts';
import type { ProcessStdio, StdioRequest } from './process-stdio.ts';
import { TerminalStdio } from './terminal-stdio.ts';

/**
 * Opens the standard streams of a process that is about to be made. Settles without waiting for the client's ends, but waits for a logger to be ready.
 *
 * @throws KindError `unknown`, with the words of containerd's shim where it has some, when one cannot be opened, or for a scheme that nobody knows;
 *   `invalid-argument` for a broken URI; `deadline-exceeded` for a logger that is never ready. Nothing is left open then.
 */
export async function openStdio(request: StdioRequest): Promise<ProcessStdio> {
  const stdin = parseStdioUri(request.stdin);
  const stdout = parseStdioUri(request.stdout);
  // Of a terminal, all comes as one.
  const stderr = request.terminal ? ({ kind: 'none' } as const) : parseStdioUri(request.stderr);
  const targets = { stdin, stdout, stderr };
  return request.terminal ? TerminalStdio.open(request, targets) : PipedStdio.open(request, targets);
}
