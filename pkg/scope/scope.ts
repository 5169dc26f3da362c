/**
 * Where and for whom a call works: what every method of a store takes first.
 *
 * A store that knows no namespaces (a backend under the metadata layer) ignores `namespace` and `lease`.
 */
export interface Scope {
  /** A valid namespace name; never empty. */
  readonly namespace: string;
  /** When present, every object that the call creates is added to this lease in the same transaction. */
  readonly lease?: string | undefined;
  /** Aborted, with a reason, when the caller has gone or its deadline has passed. */
  readonly signal?: AbortSignal | undefined;
}
