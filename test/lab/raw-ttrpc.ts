import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Request, Response } from '../../api/gen/ttrpc/request.ts';
import { FrameDecoder } from '../../api/ttrpc/frame-decoder.ts';
import { encodeFrame, frameType, type Frame } from '../../api/ttrpc/frame.ts';

/**
 * A connection to a ttrpc server that can say anything, right or wrong. Disposing closes it.
 *
 * @example
 * using peer = await RawTtrpc.connect(path);
 * peer.request(1, { service: 'containerd.task.v3.Task', method: 'Connect' });
 * const { status } = await peer.response(1);
 */
export class RawTtrpc implements Disposable {
  /** Settles when the peer has closed. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #frames: Frame[] = [];
  readonly #onFrame = new Set<() => void>();
  #ended = false;

  static async connect(path: string): Promise<RawTtrpc> {
    const socket = connect(path);
    await once(socket, 'connect');
    return new RawTtrpc(socket);
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', () => undefined);
    const decoder = new FrameDecoder({
      frame: (frame) => {
        this.#frames.push(frame);
        this.#tell();
      },
      oversized: () => undefined,
    });
    socket.on('data', (chunk) => decoder.push(chunk));
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.#ended = true;
        this.#tell();
        resolve();
      });
    });
  }

  /** Sends bytes as they are. */
  send(bytes: Uint8Array | string): void {
    this.#socket.write(bytes);
  }

  frame(head: Omit<Frame, 'payload'>, payload: Uint8Array = new Uint8Array()): void {
    this.send(encodeFrame(head, (writer) => writer.raw(payload)));
  }

  /** A request as it ought to be, but for what is given. */
  request(stream: number, fields: Partial<Request>, flags = 0): void {
    this.frame({ stream, type: frameType.request, flags }, Request.encode(Request.fromPartial(fields)).finish());
  }

  /** The next response on a stream. @throws Error when the peer closes without. */
  async response(stream: number): Promise<Response> {
    for (;;) {
      const at = this.#frames.findIndex((frame) => frame.stream === stream && frame.type === frameType.response);
      const [found] = at < 0 ? [] : this.#frames.splice(at, 1);
      if (found) return Response.decode(found.payload);
      if (this.#ended) throw new Error(`the peer closed without a response on stream ${stream}`);
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#onFrame.add(resolve);
      await promise;
      this.#onFrame.delete(resolve);
    }
  }

  /** Says that nothing more comes. */
  end(): void {
    this.#socket.end();
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #tell(): void {
    for (const tell of this.#onFrame) tell();
  }
}
