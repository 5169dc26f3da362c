import { test, type TestContext } from 'node:test';
import { firstFailure } from '../../../pkg/errors/first-failure.ts';
import { ShimLab, type ShimProgram } from '../../lab/shim-lab.ts';

/** What a shim does, where shims differ. Everything else every shim must do. */
export interface ShimSupports {
  /** Versions of the task API that its socket serves. */
  readonly apiVersions: readonly (2 | 3)[];
  /** Finds the options among BootstrapParams, and so the cgroup to go to. */
  readonly optionsInBootstrapParams: boolean;
  /** `delete` does its part for a container that was never created. */
  readonly deletesWhatNeverWas: boolean;
  /** `delete` removes the socket of a shim that died; else its daemon does. */
  readonly deleteRemovesSocket: boolean;
  /** Removes its socket at its end even if that is named after a group; else its daemon does. */
  readonly removesSocketOfGroup: boolean;
  /** Answers others while a create waits for a client's FIFO. */
  readonly createHoldsNobodyUp: boolean;
  /** Creates a process with a terminal and without any stream. */
  readonly terminalsWithoutStreams: boolean;
  /** Hands on to the shim that runs whatever descriptor it was started with. */
  readonly inheritsDescriptors: boolean;
  /** Keeps the order of the events that it could not deliver at once. */
  readonly keepsOrderOfEvents: boolean;
  /** Ends only when its last events have been taken; else that of a deletion is lost now and then. */
  readonly deliversLastEvents: boolean;
  /** Tells of a kill for want of memory exactly once, and before the exit. */
  readonly exactOom: boolean;
  /** Counts execs rightly when one is started a second time; else it panics when the container ends. */
  readonly survivesSecondStart: boolean;
  /** Lives on when there is data for a stream that was never opened. */
  readonly survivesStrayData: boolean;
  /** Closes in the end what it opened: connections of clients that left, FIFOs of processes that ended. */
  readonly keepsNoDescriptors: boolean;
  /** Loses nothing of two outputs that go to one file. */
  readonly sharesFiles: boolean;
  /** Writes CRI logs itself. */
  readonly writesCriLogs: boolean;
  /** Knows loggers that must say that they are ready, as since containerd 2.3. */
  readonly strictLoggers: boolean;
  /** Refuses stream numbers that do not rise. */
  readonly risingStreams: boolean;
  /** Answers a call whose time is over, whatever it waits for. */
  readonly answersDeadlines: boolean;
}

/** A shim that the suite judges. */
export interface ShimUnderTest extends ShimProgram {
  readonly name: string;
  readonly supports: ShimSupports;
}

/** The longest that a test of one shim may take, in milliseconds: one that hangs must be told from one that is slow. */
const patience = 180_000;

/** A test that ends, whatever the shim does. What failed first is told, not what a test that breaks off leaves behind. */
export function shimTest(name: string, work: (t: TestContext) => Promise<void>): void {
  test(name, async (t) => {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      // What is waited for fails then, and the test puts its own things away.
      void ShimLab.abandonAll().then(() => late.reject(new Error(`not done after ${patience / 1000} s`)));
    }, patience);
    try {
      await Promise.race([work(t), late.promise]);
    } catch (error) {
      throw firstFailure(error);
    } finally {
      clearTimeout(timer);
    }
  });
}
