/** What a {@link ByteStream} tells whoever uses it. */
export interface ByteStreamListener {
  /** Bytes from the peer; the chunk is the listener's to keep. */
  data(chunk: Uint8Array): void;
  /** After a `write` that answered false: write on. */
  drained(): void;
  /** The connection is gone, for whatever reason; told once, nothing comes after it. */
  closed(error?: Error): void;
}

/** A connection to a peer, as little of one as ttrpc needs: the host's sockets are bound to it elsewhere. */
export interface ByteStream {
  /** Begins to deliver; called once. */
  start(listener: ByteStreamListener): void;
  /** Queues bytes; keeps the order. False: more should wait for `drained`. After the end: ignored. */
  write(bytes: Uint8Array): boolean;
  /** Stops and resumes the delivery of data. */
  pause(): void;
  resume(): void;
  /** Sends what is queued, then closes; idempotent. */
  close(): void;
}
