/** The outcome of a call as gRPC and ttrpc carry it. */
export interface Status {
  /** One of gRPC's codes; 0 is success. */
  readonly code: number;
  readonly message: string;
}
