import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  request,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import * as https from 'node:https';
import type { AddressInfo } from 'node:net';

/** A server on loopback whose answers each test writes: what no real registry would say, or a front before one. */
export class HostileServer implements AsyncDisposable {
  readonly #server: Server;
  /** What was asked, oldest first. */
  readonly requests: IncomingMessage[] = [];
  /** The same, as `METHOD /path?query`. */
  readonly lines: string[] = [];

  /** With `tls` it speaks that alone. */
  static async start(answer: RequestListener, tls?: https.ServerOptions): Promise<HostileServer> {
    const server = new HostileServer(answer, tls);
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  private constructor(answer: RequestListener, tls: https.ServerOptions | undefined) {
    const listener: RequestListener = (incoming, response) => {
      this.requests.push(incoming);
      this.lines.push(`${incoming.method ?? ''} ${incoming.url ?? ''}`);
      answer(incoming, response);
    };
    this.#server = tls === undefined ? createServer(listener) : https.createServer(tls, listener);
  }

  get host(): string {
    return `127.0.0.1:${String((this.#server.address() as AddressInfo).port)}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}

/** Has another server, such as a real registry, answer a request. */
export function forward(host: string, incoming: IncomingMessage, response: ServerResponse): void {
  const { method, url, headers } = incoming;
  const outgoing = request(`http://${host}${url ?? ''}`, { method, headers, agent: false }, (answer) => {
    response.writeHead(answer.statusCode ?? 500, answer.headers);
    answer.pipe(response);
  });
  // Either side may leave whenever it wants.
  outgoing.on('error', () => response.destroy());
  response.on('close', () => outgoing.destroy());
  incoming.pipe(outgoing);
}
