import type { Scope } from '../../pkg/scope/scope.ts';
import type { ShimAddress } from './shim-address.ts';

/** Tells of the sandboxes that containers live in. */
export interface SandboxEndpoints {
  /** Whether the sandbox has a record. */
  isKnown(scope: Scope, id: string): Promise<boolean>;
  /** How the sandbox's shim is reached; undefined when no controller runs it. */
  endpoint(namespace: string, id: string): ShimAddress | undefined;
}
