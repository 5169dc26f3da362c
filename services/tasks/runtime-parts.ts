import type { Logger } from '../../pkg/log/logger.ts';
import type { EventExchange } from '../events/event-exchange.ts';
import type { BundleRoots } from './bundle.ts';
import type { SandboxEndpoints } from './sandbox-endpoints.ts';
import type { ShimManager } from './shim-manager.ts';
import type { TaskTimeouts } from './task-timeouts.ts';

/** What a runtime of tasks in shims works with. */
export interface RuntimeParts {
  readonly roots: BundleRoots;
  readonly shims: ShimManager;
  readonly events: EventExchange;
  readonly sandboxes?: SandboxEndpoints | undefined;
  readonly timeouts: TaskTimeouts;
  readonly log: Logger;
}
