import * as http from 'node:http';
import * as https from 'node:https';
import { Socket } from 'node:net';
import { KindError } from '../../../pkg/errors/kind-error.ts';
import { type HttpDebug, watchRequest } from './http-debug.ts';
import { networkWords } from './network-words.ts';
import type { RegistryTls } from './registry-host.ts';
import { isLocalhost } from './registry-hosts.ts';
import type { SecureContexts } from './secure-contexts.ts';
import { SocketTap } from './socket-tap.ts';

/** One request, its target already decided. */
export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: Uint8Array | AsyncIterable<Uint8Array> | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How a transport goes about it. */
export interface HttpTransportOptions {
  readonly tls: RegistryTls;
  readonly contexts: SecureContexts;
  /** Milliseconds to wait for a connection. */
  readonly dialTimeout: number;
  /** Milliseconds without a byte in either direction, and from the request to the end of the answer's headers. */
  readonly idleTimeout: number;
  readonly debug?: HttpDebug | undefined;
}

/** What a socket's stream may hold: large, so that the body comes in large pieces. */
const highWaterMark = 1 << 20;

const proxyVariables = ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy'];

/** How long a registry may think about an upload, in milliseconds: some copy or hash all of it before they answer. */
const uploadPatience = 15 * 60_000;

/**
 * Sends requests over connections that it keeps, through a proxy where the environment names one (`HTTPS_PROXY`, `HTTP_PROXY`,
 * `NO_PROXY`; never for this machine); no redirects, no retries. Disposing closes the connections.
 *
 * Errors: `unavailable` for what the network does, the signal's reason for an abort.
 */
export class HttpTransport implements Disposable {
  readonly #options: HttpTransportOptions;
  readonly #agents = new Map<string, Promise<http.Agent>>();
  #disposed = false;

  constructor(options: HttpTransportOptions) {
    this.#options = options;
  }

  /** Resolves with the response once its headers are there; the caller reads or destroys it. */
  async send(request: HttpRequest): Promise<http.IncomingMessage> {
    const { url, method } = request;
    const agent = await this.#agent(url);
    request.signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
    const client = url.protocol === 'https:' ? https : http;
    const outgoing = client.request(url, { method, headers: mutableHeaders(request.headers), agent });
    this.#watch(outgoing, request);
    if (this.#options.debug !== undefined) watchRequest(outgoing, this.#options.debug);
    const abort = (): void => {
      outgoing.destroy(asError(request.signal?.reason));
    };
    request.signal?.addEventListener('abort', abort, { once: true });
    outgoing.once('close', () => request.signal?.removeEventListener('abort', abort));
    outgoing.once('response', resolve);
    // Stays for the life of the request: an error after the response shows up there.
    outgoing.on('error', (error) => reject(failure(error, request)));
    writeBody(outgoing, request.body).catch((error: unknown) => outgoing.destroy(asError(error)));
    return await promise;
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    for (const agent of this.#agents.values()) {
      agent.then(
        (each) => each.destroy(),
        () => undefined,
      );
    }
  }

  async #agent(url: URL): Promise<http.Agent> {
    if (this.#disposed) throw new KindError('canceled', `${url.host}: connection`);
    const local = isLocalhost(url.host);
    const key = `${url.protocol} ${local}`;
    let agent = this.#agents.get(key);
    if (agent === undefined) {
      const proxied = !local && proxyVariables.some((name) => (process.env[name] ?? '') !== '');
      const proxy = proxied ? { proxyEnv: process.env } : {};
      const options = { keepAlive: true, maxFreeSockets: 16, highWaterMark, ...proxy };
      agent = url.protocol === 'https:' ? this.#secureAgent(options) : Promise.resolve(new http.Agent(options));
      // A tunnel through a proxy is no socket to be tapped.
      if (!proxied) agent = agent.then(tapped);
      this.#agents.set(key, agent);
    }
    return await agent;
  }

  async #secureAgent(options: http.AgentOptions): Promise<https.Agent> {
    const { contexts, tls } = this.#options;
    const secureContext = await contexts.get(tls);
    return new https.Agent({
      ...options,
      secureContext,
      ...(tls.skipVerify === true ? { rejectUnauthorized: false } : {}),
    });
  }

  /** Gives the request up when nothing comes of it. */
  #watch(outgoing: http.ClientRequest, { url, body }: HttpRequest): void {
    const { dialTimeout, idleTimeout } = this.#options;
    let response: http.IncomingMessage | undefined;
    const giveUp = (detail: string): void => {
      const error = new KindError('unavailable', `${url.host}: ${detail}`);
      response?.destroy(error);
      outgoing.destroy(error);
    };
    let dialing = true;
    const timer = lateTimeout(dialTimeout, () => {
      if (dialing) giveUp(`dial tcp ${url.host}: i/o timeout (${dialTimeout} ms)`);
    });
    const connected = (): void => {
      dialing = false;
      clearTimeout(timer);
    };
    outgoing.once('socket', (socket) => {
      if (socket.connecting) socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', connected);
      else connected();
    });
    // A server that sends its headers byte by byte is not silent, but no use either.
    const patience = body === undefined ? idleTimeout : Math.max(idleTimeout, uploadPatience);
    outgoing.once('finish', () => {
      if (outgoing.destroyed || response !== undefined) return;
      outgoing.setTimeout(patience);
      const waiting = lateTimeout(patience, () => {
        if (response === undefined) giveUp(`no answer within ${patience} ms`);
      });
      outgoing.once('response', () => clearTimeout(waiting));
      outgoing.once('close', () => clearTimeout(waiting));
    });
    outgoing.once('close', () => clearTimeout(timer));
    outgoing.once('response', (incoming) => {
      response = incoming;
      outgoing.setTimeout(idleTimeout);
    });
    outgoing.setTimeout(idleTimeout);
    // The request itself tells of the first time alone.
    outgoing.once('socket', (socket) => {
      const silent = (): void => {
        const before = bytesOf(socket);
        setImmediate(() => {
          if (outgoing.destroyed || bytesOf(socket) !== before) return;
          // A body that we do not read is our own pause. It is not counted, and what comes after it is.
          const ownPause = response?.isPaused() === true || SocketTap.of(response?.socket ?? null)?.paused === true;
          if (ownPause) socket.setTimeout(idleTimeout);
          else giveUp(`silent for ${response === undefined ? patience : idleTimeout} ms`);
        });
      };
      socket.on('timeout', silent);
      outgoing.once('close', () => socket.off('timeout', silent));
    });
  }
}

/** A timer that looks at what has come before it is called: after a pause of the whole daemon, timers are first, whatever waits in sockets. */
function lateTimeout(milliseconds: number, late: () => void): NodeJS.Timeout {
  return setTimeout(() => setImmediate(late), milliseconds);
}

/** How many bytes went either way. */
function bytesOf(socket: Socket): number {
  return socket.bytesRead + socket.bytesWritten;
}

/** Puts a tap on every connection that the agent makes. */
function tapped(agent: http.Agent): http.Agent {
  const connect = agent.createConnection.bind(agent);
  agent.createConnection = (options, callback) => {
    const tap = new SocketTap();
    // An option of the sockets, which the types of requests do not know.
    const tappedOptions = { ...options, onread: tap.onread };
    const socket = connect(tappedOptions, callback);
    if (socket instanceof Socket) tap.attach(socket);
    return socket;
  };
  return agent;
}

function failure(error: Error, { method, url, signal }: HttpRequest): unknown {
  if (signal?.aborted === true) return signal.reason;
  if (error instanceof KindError) return error;
  const verb = method.slice(0, 1) + method.slice(1).toLowerCase();
  // Without the query: signatures are in it.
  const place = `${url.origin}${url.pathname}`;
  const detail = `failed to do request: ${verb} "${place}": ${networkWords(error, url.host)}`;
  return new KindError('unavailable', detail, { cause: error });
}

function mutableHeaders(headers: HttpRequest['headers']): http.OutgoingHttpHeaders {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, typeof value === 'string' ? value : [...value]]),
  );
}

async function writeBody(outgoing: http.ClientRequest, body: HttpRequest['body']): Promise<void> {
  if (body === undefined || body instanceof Uint8Array) {
    outgoing.end(body);
    return;
  }
  for await (const piece of body) {
    if (outgoing.destroyed) return;
    if (!outgoing.write(piece)) await drained(outgoing);
  }
  outgoing.end();
}

async function drained(outgoing: http.ClientRequest): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  outgoing.once('drain', resolve);
  outgoing.once('close', resolve);
  await promise;
  outgoing.off('drain', resolve);
  outgoing.off('close', resolve);
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new KindError('canceled', String(reason));
}
