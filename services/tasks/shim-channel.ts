import type { RpcTransport } from '../../api/rpc/rpc-transport.ts';

/**
 * A connection to a shim. When it ends, pending calls and later ones reject with `unavailable` and `closed` settles.
 */
export interface ShimChannel {
  readonly transport: RpcTransport;
  readonly closed: Promise<void>;
  readonly isClosed: boolean;
  /** Ends the connection; idempotent. */
  close(): void;
}
