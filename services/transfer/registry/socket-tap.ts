import type { Socket } from 'node:net';

/** Where the bytes of a socket go instead of to the HTTP parser. */
export interface ByteTaker {
  /** Where the next bytes are to be read to; undefined while there is no room. */
  space(): Uint8Array | undefined;
  /** `count` bytes were read into `buffer`, which is that space or, now and then, another one. False asks for a pause. */
  took(buffer: Uint8Array, count: number): boolean;
}

const taps = new WeakMap<object, SocketTap>();

/**
 * Stands between a connection and Node's HTTP parser. At first all bytes go to the parser; once a large body has begun, it can be
 * turned to somebody who takes the bytes as the kernel gives them, into memory of his own. That costs a fifth of the parser's way
 * (1.5 s of processor time a gigabyte), but the connection serves no other request after it.
 *
 * @example
 * const tap = new SocketTap();
 * tap.attach(connect({ ...options, onread: tap.onread }));
 */
export class SocketTap {
  readonly #scratch = Buffer.allocUnsafeSlow(64 << 10);
  #socket: Socket | undefined;
  #taker: ByteTaker | undefined;
  #paused = false;

  /** The tap of a connection that has one. */
  static of(socket: object | null): SocketTap | undefined {
    return socket === null ? undefined : taps.get(socket);
  }

  /** What `net.connect` and `tls.connect` take. */
  readonly onread = {
    buffer: (): Uint8Array => this.#taker?.space() ?? this.#scratch,
    callback: (count: number, buffer: Uint8Array): boolean => this.#read(count, buffer),
  };

  /** Whether the taker has asked for a pause. */
  get paused(): boolean {
    return this.#paused;
  }

  attach(socket: Socket): void {
    this.#socket = socket;
    taps.set(socket, this);
  }

  /** From now on the bytes are this one's, to the end of the connection. */
  turn(taker: ByteTaker): void {
    this.#taker = taker;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#socket?.resume();
  }

  #read(count: number, buffer: Uint8Array): boolean {
    if (this.#taker === undefined) {
      // The parser keeps parts of what it is given.
      this.#socket?.emit('data', Buffer.from(buffer.subarray(0, count)));
      return true;
    }
    // TLS has some more to give after it was told to stop.
    if (!this.#taker.took(buffer, count)) this.#paused = true;
    return !this.#paused;
  }
}
