import type { Scope } from '../../pkg/scope/scope.ts';

/** What a handler knows of the call beside its message, the same over gRPC and ttrpc. */
export interface RequestContext {
  /** `/package.Service/Method`. */
  readonly method: string;
  /** The namespace header's first value as sent; undefined when missing or empty. */
  readonly namespace: string | undefined;
  /** The lease header's first value; gRPC only. */
  readonly lease: string | undefined;
  /** Aborted, with a reason, when the peer left or its deadline passed. */
  readonly signal: AbortSignal;
  /** Sends the response headers now, for a stream whose first message may be long in coming; idempotent. */
  sendHeaders(): void;
  /**
   * The call's scope.
   * @throws KindError `failed-precondition` ("namespace is required") without a namespace, `invalid-argument` for a bad name.
   */
  scope(): Scope;
}
