import type { CgroupCalls } from './cgroup-calls.ts';
import type { HostCalls } from './host-calls.ts';
import type { ProcessStatusCalls } from './process-status-calls.ts';
import type { RelayCalls } from './relay-calls.ts';

declare const gantryHost: HostCalls & CgroupCalls & ProcessStatusCalls & RelayCalls;

/** The host's calls. */
export const host: HostCalls & CgroupCalls & ProcessStatusCalls & RelayCalls = gantryHost;
