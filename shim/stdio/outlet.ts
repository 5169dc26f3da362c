import type { Flow } from './flow.ts';

/** Where output goes. Opened before the process is made, so that what cannot be opened fails its making. */
export interface Outlet extends AsyncDisposable {
  /**
   * Begins to move what comes from a pipe's reading end or a terminal's master to its end. Once.
   * @param source stays the caller's, open until the flow has ended
   */
  take(source: number, stream: 'stdout' | 'stderr', terminal: boolean): Flow;
}
