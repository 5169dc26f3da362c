/** The largest message in either direction, in bytes: what containerd's clients are built for. */
export const maxMessageSize = 16 << 20;

/**
 * What a stream may have sent ahead of its reader, and a connection in all its streams, in bytes. Node's 64 KiB make
 * a transfer wait for the peer at every turn of the loop.
 */
export const streamWindow = 1 << 20;
export const connectionWindow = 16 << 20;

/** The largest messages of a server, in bytes. */
export interface MessageLimits {
  readonly receive: number;
  readonly send: number;
}
