import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** Types of HTTP/2 frames (RFC 9113, 6). */
export const frameTypes = {
  data: 0,
  headers: 1,
  reset: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

/** Flags of frames. */
export const frameFlags = { endStream: 1, endHeaders: 4 } as const;

/** One frame. */
export function http2Frame(
  type: number,
  flags: number,
  stream: number,
  payload: Uint8Array = new Uint8Array(),
): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** A header as a literal that is not indexed (RFC 7541, 6.2.2); names and values of at most 126 bytes. */
export function literalHeader(name: string, value: string): Buffer {
  const [left, right] = [Buffer.from(name), Buffer.from(value)];
  return Buffer.concat([Buffer.of(0, left.length), left, Buffer.of(right.length), right]);
}

/** The headers of a gRPC call. */
export function callHeaders(path: string, more: Readonly<Record<string, string>> = {}): Buffer {
  const headers = {
    ...{ ':method': 'POST', ':scheme': 'http', ':path': path, ':authority': 'localhost' },
    ...{ 'content-type': 'application/grpc', te: 'trailers', ...more },
  };
  return Buffer.concat(Object.entries(headers).map(([name, value]) => literalHeader(name, value)));
}

/** HTTP/2 by hand, to do it wrong. Nothing that the server sends is answered. */
export class RawHttp2 implements Disposable {
  readonly socket: Socket;
  /** Settles when the server has closed the connection. */
  readonly closed: Promise<void>;
  #received = Buffer.alloc(0);

  constructor(address: string) {
    this.socket = connect(address);
    this.socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => this.socket.once('close', () => resolve()));
    this.socket.on(
      'data',
      (chunk: Buffer) => (this.#received = Buffer.concat([this.#received, chunk]).subarray(-(1 << 20))),
    );
    this.socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    this.socket.write(http2Frame(frameTypes.settings, 0, 0));
  }

  /** The last MiB that the server sent. */
  get received(): Buffer {
    return this.#received;
  }

  /** Sends; resolves when the kernel has taken it, or the server has closed. */
  async send(...frames: readonly Uint8Array[]): Promise<void> {
    if (this.socket.destroyed || this.socket.write(Buffer.concat(frames))) return;
    await Promise.race([once(this.socket, 'drain').catch(() => undefined), this.closed]);
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}
