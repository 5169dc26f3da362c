import { KindError } from '../../pkg/errors/kind-error.ts';
import { kindOf } from '../../pkg/errors/kind-of.ts';
import type { Scope } from '../../pkg/scope/scope.ts';

/** How long a process of somebody else's may take to clean up before others go on, in milliseconds. */
const remoteTimeout = 5000;

/**
 * Has a store cleaned up in all namespaces. One that is remote gets a while: it must not hold up the collections that others wait for. That it
 * knows no cleaning up is no failure.
 */
export async function cleanBackend(
  remote: boolean,
  cleanup: (scope: Scope) => Promise<void> | undefined,
): Promise<void> {
  // The metadata layer works for all namespaces here.
  const namespace = 'default';
  if (!remote) {
    await cleanup({ namespace });
    return;
  }
  const controller = new AbortController();
  const late = new KindError('deadline-exceeded', `cleaning up took longer than ${remoteTimeout / 1000} s`);
  const timer = setTimeout(() => controller.abort(late), remoteTimeout);
  try {
    await cleanup({ namespace, signal: controller.signal });
  } catch (error) {
    if (kindOf(error) !== 'unimplemented') throw error;
  } finally {
    clearTimeout(timer);
  }
}
