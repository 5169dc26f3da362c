import { nowNanoseconds } from '../../pkg/time/now-nanoseconds.ts';
import type { DeprecationWarning, DeprecationWarnings } from './deprecation-warnings.ts';

/** Keeps warnings in memory. */
export class CollectedWarnings implements DeprecationWarnings {
  readonly #warnings = new Map<string, DeprecationWarning>();

  emit(id: string, message: string): void {
    this.#warnings.set(id, { id, message, lastOccurrence: nowNanoseconds() });
  }

  list(): readonly DeprecationWarning[] {
    return [...this.#warnings.values()];
  }
}
