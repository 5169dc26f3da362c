import type { Scope } from '../../pkg/scope/scope.ts';
import type { LeaseManager } from '../leases/lease-manager.ts';

/**
 * Runs work under the scope's lease, or, when it has none, under one of its own that is dropped at the end and, should
 * the daemon die, ends by itself after 24 hours.
 */
export async function withLease<T>(
  leases: LeaseManager,
  scope: Scope,
  work: (scope: LeasedScope) => Promise<T>,
): Promise<T> {
  const { namespace, signal, lease } = scope;
  if (lease !== undefined) return await work({ namespace, signal, lease });
  const expires = new Date(Date.now() + 24 * 3_600_000).toISOString().replace(/\.\d+Z$/, 'Z');
  const own = await leases.create({ namespace, signal }, '', new Map([['containerd.io/gc.expire', expires]]));
  try {
    return await work({ namespace, signal, lease: own.id });
  } finally {
    // Without the signal: an aborted transfer drops its lease too.
    await leases.delete({ namespace }, own.id);
  }
}

/** A scope that has a lease. */
export interface LeasedScope extends Scope {
  readonly lease: string;
}
