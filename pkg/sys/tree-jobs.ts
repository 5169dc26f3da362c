import { Semaphore } from '../semaphore/semaphore.ts';

/** Walking a large tree takes seconds, and the thread pool has four threads for everybody. */
const permits = new Semaphore(2);

/** Runs calls that walk whole trees, few at a time. */
export const treeJobs = {
  async run<T>(call: () => Promise<T>): Promise<T> {
    using _permit = await permits.acquire();
    return await call();
  },
};
