import { AsyncLocalStorage } from 'node:async_hooks';

/** The trace id of the call that is being worked on, where calls are traced. */
export const traceContext = new AsyncLocalStorage<string>();
