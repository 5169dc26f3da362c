import type { IncomingMessage } from 'node:http';
import { KindError } from '../../../pkg/errors/kind-error.ts';
import { Authorizer } from './authorizer.ts';
import type { CredentialSource } from './credential-source.ts';
import type { HttpDebug } from './http-debug.ts';
import { HttpTransport, type HttpRequest } from './http-transport.ts';
import { errorCode } from './network-words.ts';
import { registryError } from './registry-error.ts';
import type { RegistryHost } from './registry-host.ts';
import { discardBody } from './response-body.ts';
import { backOff, type RetryPolicy } from './retry-policy.ts';
import type { SecureContexts } from './secure-contexts.ts';

/** A request to a registry's API. */
export interface RegistryRequest {
  readonly method: HttpRequest['method'];
  /** A path below the host's own, such as `/library/busybox/manifests/latest`, or the URL that the registry named. */
  readonly target: string | URL;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Bytes, or what makes a new stream of them for every try. */
  readonly body?: Uint8Array | (() => AsyncIterable<Uint8Array>);
  /** The token scopes, such as `repository:library/busybox:pull`. */
  readonly scopes: readonly string[];
  readonly signal?: AbortSignal | undefined;
  /** Whether what may pass is tried again; true when missing. Not where another host can be asked. */
  readonly persistent?: boolean;
}

/** What all connections of one transfer share. */
export interface ConnectionOptions {
  readonly credentials: CredentialSource | undefined;
  /** The client's own headers, for the hosts of the registry alone. */
  readonly headers: ReadonlyMap<string, string>;
  readonly userAgent: string;
  readonly retry: RetryPolicy;
  /** Milliseconds without a byte after which an answer is given up. */
  readonly idleTimeout: number;
  readonly contexts: SecureContexts;
  readonly debug?: HttpDebug | undefined;
}

const maxRedirects = 10;
const maxChallenges = 3;

/**
 * Speaks to one host of a registry: earns authorization, follows redirects without taking credentials to other
 * hosts, and tries again what may pass (408, 429, 5xx, broken connections).
 */
export class RegistryConnection implements Disposable {
  readonly host: RegistryHost;
  readonly #transport: HttpTransport;
  readonly #authorizer: Authorizer;
  readonly #options: ConnectionOptions;
  #scheme: 'http' | 'https';

  constructor(host: RegistryHost, options: ConnectionOptions) {
    this.host = host;
    this.#scheme = host.scheme;
    this.#options = options;
    const { contexts, idleTimeout, debug } = options;
    this.#transport = new HttpTransport({
      tls: host.tls,
      contexts,
      dialTimeout: host.dialTimeout,
      idleTimeout,
      debug,
    });
    this.#authorizer = new Authorizer(host, this.#transport, options.credentials, options.userAgent);
  }

  /**
   * Resolves with an answer below 400; the caller reads or discards its body.
   * @throws KindError by the status: `not-found` for 404, `unauthenticated`, `permission-denied`, `unavailable`, …
   */
  async request(request: RegistryRequest): Promise<IncomingMessage> {
    const { retry } = this.#options;
    const tries = request.persistent === false ? 1 : retry.tries;
    for (let attempt = 1; ; attempt++) {
      let retryAfter: string | undefined;
      try {
        const [response, url] = await this.#authorized(request);
        const status = response.statusCode ?? 0;
        if (status < 400) return response;
        if (attempt >= tries || !mayPass(status, request)) throw await registryError(response, request.method, url);
        retryAfter = response.headers['retry-after'];
        discardBody(response);
      } catch (error) {
        if (this.#fallBack(error)) continue;
        if (attempt >= tries || !isBrokenConnection(error) || !isRepeatable(request)) throw error;
      }
      await backOff(retry, attempt, retryAfter, request.signal);
    }
  }

  /** The URL of a path below the host's. */
  url(target: string | URL, query: RegistryRequest['query'] = {}): URL {
    const url =
      target instanceof URL
        ? new URL(target)
        : new URL(`${this.#scheme}://${this.host.host}${this.host.path}${target}`);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    return url;
  }

  [Symbol.dispose](): void {
    this.#transport[Symbol.dispose]();
  }

  async #authorized(request: RegistryRequest): Promise<[IncomingMessage, URL]> {
    for (let challenge = 1; ; challenge++) {
      const url = this.url(request.target, request.query);
      const authorization = this.#isOwn(url) ? this.#authorizer.header(request.scopes) : undefined;
      const [response, last] = await this.#redirected(request, url, authorization);
      if (response.statusCode !== 401 || challenge === maxChallenges) return [response, last];
      const challenges = response.headersDistinct['www-authenticate'] ?? [];
      // What another host demands is not to be answered with this host's credentials.
      if (challenges.length === 0 || !this.#isOwn(last)) return [response, last];
      discardBody(response);
      await this.#authorizer.answer(challenges, request.scopes, authorization, request.signal);
    }
  }

  async #redirected(
    request: RegistryRequest,
    first: URL,
    authorization: string | undefined,
  ): Promise<[IncomingMessage, URL]> {
    let url = first;
    for (let redirects = 0; ; redirects++) {
      const response = await this.#transport.send({
        method: request.method,
        url,
        headers: this.#headers(request, url, authorization),
        body: typeof request.body === 'function' ? request.body() : request.body,
        signal: request.signal,
      });
      const location = response.headers.location;
      const follow = [301, 302, 303, 307, 308].includes(response.statusCode ?? 0) && location !== undefined;
      if (!follow || (request.method !== 'GET' && request.method !== 'HEAD')) return [response, url];
      discardBody(response);
      if (redirects === maxRedirects)
        throw new KindError('failed-precondition', `${first.host}: more than ${maxRedirects} redirects`);
      url = redirectTarget(location, url);
    }
  }

  /** Only the registry's own host sees its headers and authorization. */
  #headers(
    request: RegistryRequest,
    url: URL,
    authorization: string | undefined,
  ): Record<string, string | readonly string[]> {
    const headers: Record<string, string | readonly string[]> = { 'user-agent': this.#options.userAgent };
    if (this.#isOwn(url)) {
      for (const [name, values] of this.host.headers) headers[name.toLowerCase()] = values;
      for (const [name, value] of this.#options.headers) headers[name.toLowerCase()] = value;
      if (authorization !== undefined) headers['authorization'] = authorization;
    }
    return { ...headers, ...request.headers };
  }

  #isOwn(url: URL): boolean {
    return url.origin === this.url('').origin;
  }

  /** Goes over to plain HTTP for good, when the host does not speak TLS and that is allowed. */
  #fallBack(error: unknown): boolean {
    if (!this.host.httpFallback || this.#scheme === 'http' || !(error instanceof KindError)) return false;
    const code = errorCode(error.cause);
    if (code !== 'EPROTO' && !code.startsWith('ERR_SSL_')) return false;
    this.#scheme = 'http';
    return true;
  }
}

function redirectTarget(location: string, from: URL): URL {
  if (!URL.canParse(location, from.href))
    throw new KindError('failed-precondition', `${from.host}: redirect to no URL`);
  const url = new URL(location, from.href);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new KindError('failed-precondition', `${from.host}: redirect to ${url.protocol}`);
  }
  return url;
}

function mayPass(status: number, request: RegistryRequest): boolean {
  if (status === 429) return true;
  return isRepeatable(request) && (status === 408 || (status >= 500 && status <= 504 && status !== 501));
}

/**
 * A POST opens an upload: to repeat one that got an answer other than "too many" could leave uploads behind. An upload that was cut
 * is begun anew, which is for who began it.
 */
function isRepeatable({ method, body }: RegistryRequest): boolean {
  return method !== 'POST' && typeof body !== 'function';
}

const passingCodes = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EAI_AGAIN', 'ECONNABORTED']);

/** A refused connection, an unknown name or a bad certificate does not pass by itself. */
export function isBrokenConnection(error: unknown): boolean {
  if (!(error instanceof KindError) || error.kind !== 'unavailable') return false;
  return !(error.cause instanceof Error) || passingCodes.has(errorCode(error.cause));
}
