import { KindError } from '../../pkg/errors/kind-error.ts';
import type { Runc } from '../runtime/runc.ts';

/** How long the runtime may take to kill what a first process left behind. Milliseconds. */
const limit = 10_000;
const sigkill = 9;

/**
 * Ends whatever is left of a container's processes. A runtime that hangs is not waited for: the end of the first one is to be told.
 * @throws KindError with the runtime's own words.
 */
export async function killEverything(runc: Runc, id: string): Promise<void> {
  const hanging = new AbortController();
  const timer = setTimeout(() => hanging.abort(new KindError('deadline-exceeded', 'runtime')), limit);
  try {
    await runc.kill(id, sigkill, true, hanging.signal);
  } catch (error) {
    throw runc.told(error, 'OCI runtime killall failed');
  } finally {
    clearTimeout(timer);
  }
}
