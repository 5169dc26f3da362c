import { KindError } from '../../pkg/errors/kind-error.ts';

/** What a kill that failed is to a client: `not-found`, which it takes for success, when there is nobody left to kill. */
export function killError(error: unknown): KindError {
  const text = error instanceof Error ? error.message : String(error);
  if (/os: process already finished|container not running|no such process|\bESRCH\b/i.test(text))
    return alreadyFinished();
  if (text.includes('does not exist')) return new KindError('not-found', 'no such container', { cause: error });
  return new KindError('unknown', `unknown error after kill: ${text}`, { cause: error });
}

/** Of a process that has ended. */
export function alreadyFinished(): KindError {
  return new KindError('not-found', 'process already finished');
}
