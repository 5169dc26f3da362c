import { native } from './native.ts';

/** What the process keeps of memory that it no longer uses, beside what V8 keeps. */
export const keptMemory = {
  /**
   * Makes large blocks return to the system when they are freed; for the start of a program that runs for long. Without it a pull
   * of a large image leaves some 100 MB behind. Idempotent.
   */
  limit(): void {
    native.limitKeptMemory();
  },

  /** Returns what is free now; for the end of a piece of work that needed much. Off the loop. */
  async release(): Promise<void> {
    await native.trimMemory();
  },
};
