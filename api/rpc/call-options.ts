/** What a caller may say of a call. */
export interface CallOptions {
  /** Sent as the transport's namespace header. */
  readonly namespace?: string | undefined;
  /** Sent as the lease header; gRPC only. */
  readonly lease?: string | undefined;
  /** Gives the call up; its reason is the error when it is a KindError, else the cause of a `canceled` one. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds until the call fails with `deadline-exceeded`; the peer is told. Default: none. */
  readonly timeout?: number | undefined;
  /** Further headers, in lower case. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** Called when the peer's headers arrive: it is at work, though its first message may be long in coming. gRPC only. */
  readonly onHeaders?: (() => void) | undefined;
}
