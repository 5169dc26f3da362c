import { KindError } from '../../pkg/errors/kind-error.ts';
import type { StdioRequest } from './process-stdio.ts';
import { StdinSource } from './stdin-source.ts';
import type { StdioTarget } from './stdio-target.ts';

/** What the standard streams of a process are to be. */
export interface StdioTargets {
  readonly stdin: StdioTarget;
  readonly stdout: StdioTarget;
  readonly stderr: StdioTarget;
}

/** Opens what stdin comes from; undefined for `/dev/null`. @throws KindError */
export function openStdin({ stdin: text }: StdioRequest, target: StdioTarget): StdinSource | undefined {
  if (target.kind === 'none') return undefined;
  if (target.kind === 'fifo' || target.kind === 'file') return new StdinSource(target.path);
  throw new KindError(
    'invalid-argument',
    `stdin "${text}" can be written to only: give the path of a FIFO, or nothing`,
  );
}
