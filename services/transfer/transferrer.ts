import type { Descriptor } from '../../pkg/oci/descriptor.ts';
import type { Scope } from '../../pkg/scope/scope.ts';
import type { TransferEndpoint } from './transfer-endpoint.ts';

/** One thing that a client shows of a transfer. */
export interface TransferProgress {
  /** What happens, in the words that clients know: `waiting`, `downloading`, `complete`, … */
  readonly event: string;
  /** Of what: an image's name or a ref key such as `layer-sha256:…`; missing for the transfer itself. */
  readonly name?: string;
  /** The names above it. */
  readonly parents?: readonly string[];
  /** Bytes. */
  readonly progress?: number;
  readonly total?: number;
  readonly descriptor?: Descriptor;
}

/** Takes progress; never blocks and never throws. */
export type ReportProgress = (progress: TransferProgress) => void;

/**
 * Moves images: pulls, pushes, tags, imports and exports.
 *
 * `transfer` resolves when all is done and durable. Without a lease in the scope it holds one of its own, for at most 24
 * hours, over what it makes, and drops it at the end. A transfer that fails or is aborted leaves no image behind; blobs
 * and ingests that are there already stay until garbage collection, so that the next try goes on from them.
 *
 * Errors: `unimplemented` for a pair that is not served; `not-found`, `unauthenticated`, `permission-denied` and `unavailable`
 * as the registry says; `invalid-argument` for a malformed reference or document.
 */
export interface Transferrer {
  transfer(
    scope: Scope,
    source: TransferEndpoint,
    destination: TransferEndpoint,
    report?: ReportProgress,
  ): Promise<void>;
}
