/** A call that a server begins to answer. */
export interface ObservedCall {
  readonly transport: 'grpc' | 'ttrpc';
  /** The service's full name. */
  readonly service: string;
  readonly method: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  /** The first value of a header, in lower case, as the client sent it. */
  header(name: string): string | undefined;
}

/** Follows one call. None of its methods may throw. */
export interface CallObservation {
  /** A request message has come. */
  received?(): void;
  /** A response message goes. */
  sent?(): void;
  /** The call is over, once. @param code of the status; 1 when the client has left */
  ended?(code: number): void;
  /** Runs what answers the call; for what belongs to the whole of its work, such as the current span. */
  readonly run?: <T>(work: () => T) => T;
}

/** Is told of the calls that a server answers; those of methods that are not there are not told. */
export interface CallObserver {
  /** Returns what follows the call, or nothing when it is of no interest. */
  begin(call: ObservedCall): CallObservation | undefined;
}
