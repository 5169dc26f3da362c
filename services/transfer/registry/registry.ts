import type { IncomingMessage } from 'node:http';
import { digestOf } from '../../../pkg/digest/digest-of.ts';
import { parseDigest } from '../../../pkg/digest/parse-digest.ts';
import { KindError } from '../../../pkg/errors/kind-error.ts';
import { kindOf } from '../../../pkg/errors/kind-of.ts';
import type { Descriptor } from '../../../pkg/oci/descriptor.ts';
import { maxDocumentSize } from '../../../pkg/oci/json-object.ts';
import { mediaKind, mediaTypes } from '../../../pkg/oci/media-types.ts';
import type { Reference } from '../../../pkg/references/reference.ts';
import { isBrokenConnection, RegistryConnection, type ConnectionOptions } from './registry-connection.ts';
import type { RegistryCapability, RegistryHost } from './registry-host.ts';
import { discardBody, wholeBody } from './response-body.ts';
import { backOff, type RetryPolicy } from './retry-policy.ts';

/** A blob's body from some offset on. */
export interface RemoteBody {
  readonly response: IncomingMessage;
  /** Where the body begins; 0 when the registry does not know ranges. */
  readonly offset: number;
}

/** Which bytes are wanted. */
export interface ByteRange {
  readonly start: number;
  /** The first byte that is not wanted; missing for all that there is. */
  readonly end?: number;
}

const accept = [
  mediaTypes.dockerManifest,
  mediaTypes.dockerIndex,
  mediaTypes.ociManifest,
  mediaTypes.ociIndex,
  '*/*',
].join(', ');

/**
 * One repository of a registry, as its hosts serve it (OCI distribution spec). Each question goes to the hosts in
 * their order until one answers.
 *
 * Errors: those of the host that failed for a better reason than `not-found`, else `not-found`.
 *
 * @example
 * using registry = new Registry(reference, await registryHosts(reference.host, options), connectionOptions);
 * const target = await registry.resolve();
 */
export class Registry implements Disposable {
  readonly reference: Reference;
  readonly #connections: readonly RegistryConnection[];
  readonly #scopes: readonly string[];
  readonly #retry: RetryPolicy;

  constructor(
    reference: Reference,
    hosts: readonly RegistryHost[],
    options: ConnectionOptions,
    access: 'pull' | 'pull,push' = 'pull',
  ) {
    this.reference = reference;
    this.#scopes = [`repository:${reference.repository}:${access}`];
    this.#retry = options.retry;
    this.#connections = hosts.map((host) => new RegistryConnection(host, options));
  }

  /** What the reference's digest or tag stands for; the digest is the registry's word until the content is fetched. */
  async resolve(signal?: AbortSignal): Promise<Descriptor> {
    const { tag, digest } = this.reference;
    const object = digest === '' ? tag : digest;
    if (object === '')
      throw new KindError('invalid-argument', `${this.#name()}: object required: want a tag or a digest`);
    const kinds = digest === '' ? ['manifests'] : ['manifests', 'blobs'];
    return await this.#ask('resolve', signal, async (connection, persistent) => {
      const resolve = async (kind: string): Promise<Descriptor> =>
        await this.#resolveAt(connection, `${kind}/${object}`, persistent, signal);
      return await firstFound(kinds, resolve);
    });
  }

  /**
   * The content of a descriptor, as much of it as is wanted or, from a registry without ranges, all of it.
   * @throws KindError `out-of-range` when the registry has less, `unavailable` when it answers with another range.
   */
  async open(descriptor: Descriptor, range: ByteRange, signal?: AbortSignal): Promise<RemoteBody> {
    const kinds = isDocument(descriptor) ? ['manifests', 'blobs'] : ['blobs'];
    const { start, end } = range;
    const headers = {
      accept: `${descriptor.mediaType}, */*`,
      'accept-encoding': 'identity',
      ...(start > 0 || end !== undefined ? { range: `bytes=${start}-${end === undefined ? '' : end - 1}` } : {}),
    };
    return await this.#ask('pull', signal, async (connection, persistent) => {
      const targets: (string | URL)[] = kinds.map(
        (each) => `/${this.reference.repository}/${each}/${descriptor.digest}`,
      );
      targets.push(...(descriptor.urls ?? []).filter(isHttpUrl).map((url) => new URL(url)));
      const response = await firstFound(targets, async (target) => {
        const query = target instanceof URL ? {} : this.#query(connection);
        return await connection.request({
          method: 'GET',
          target,
          query,
          headers,
          scopes: this.#scopes,
          signal,
          persistent,
        });
      });
      return { response, offset: bodyOffset(response, start) };
    });
  }

  /** Whether the registry has a blob, or a manifest under its digest or, when given, under that tag. */
  async has(descriptor: Descriptor, tag: string, signal?: AbortSignal): Promise<boolean> {
    const kind = isDocument(descriptor) ? 'manifests' : 'blobs';
    const object = kind === 'manifests' && tag !== '' ? tag : descriptor.digest;
    const target = `/${this.reference.repository}/${kind}/${object}`;
    const headers = { accept: `${descriptor.mediaType}, */*` };
    try {
      const response = await this.#pushHost().request({
        method: 'HEAD',
        target,
        headers,
        scopes: this.#scopes,
        signal,
      });
      response.resume();
      return kind === 'blobs' || response.headers['docker-content-digest'] === descriptor.digest;
    } catch (error) {
      // Who may push may not be allowed to look.
      if (kindOf(error) === 'not-found' || kindOf(error) === 'unauthenticated') return false;
      throw error;
    }
  }

  /**
   * Uploads a blob in one piece; `open` gives its bytes from the start, at every try. `from` is a repository of the same registry
   * that may have it.
   */
  async pushBlob(
    descriptor: Descriptor,
    open: () => AsyncIterable<Uint8Array>,
    from: string | undefined,
    signal?: AbortSignal,
  ): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#upload(descriptor, open, from, signal);
      } catch (error) {
        signal?.throwIfAborted();
        if (attempt >= this.#retry.tries || !isBrokenConnection(error)) throw withAccess(error, 'push');
      }
      await backOff(this.#retry, attempt, undefined, signal);
    }
  }

  /** Puts a manifest or index under its digest or, when given, under that tag. */
  async pushDocument(descriptor: Descriptor, bytes: Uint8Array, tag: string, signal?: AbortSignal): Promise<void> {
    const put = this.#pushHost().request({
      method: 'PUT',
      target: `/${this.reference.repository}/manifests/${tag === '' ? descriptor.digest : tag}`,
      headers: { 'content-type': descriptor.mediaType, 'content-length': String(bytes.length) },
      body: bytes,
      scopes: this.#scopes,
      signal,
    });
    const response = await put.catch((error: unknown) => {
      throw withAccess(error, 'push');
    });
    discardBody(response);
    expectCreated(response, `manifest ${descriptor.digest}`, descriptor.digest);
  }

  [Symbol.dispose](): void {
    for (const connection of this.#connections) connection[Symbol.dispose]();
  }

  async #upload(
    descriptor: Descriptor,
    open: () => AsyncIterable<Uint8Array>,
    from: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const connection = this.#pushHost();
    const begun = (await this.#mount(descriptor, from, signal)) ?? (await this.#begin({}, this.#scopes, signal));
    if (begun.statusCode === 201) return;
    const response = await connection.request({
      method: 'PUT',
      target: uploadLocation(begun.headers.location, connection.url('')),
      query: { digest: descriptor.digest },
      headers: { 'content-type': 'application/octet-stream', 'content-length': String(descriptor.size) },
      body: open,
      scopes: this.#scopes,
      signal,
    });
    discardBody(response);
    expectCreated(response, `blob ${descriptor.digest}`, descriptor.digest);
  }

  /** Asks for the blob of another repository; undefined when that may not be had. */
  async #mount(
    { digest }: Descriptor,
    from: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<IncomingMessage | undefined> {
    if (from === undefined) return undefined;
    try {
      return await this.#begin({ mount: digest, from }, [...this.#scopes, `repository:${from}:pull`], signal);
    } catch (error) {
      if (kindOf(error) === 'unauthenticated' || kindOf(error) === 'permission-denied') return undefined;
      throw error;
    }
  }

  async #begin(
    query: Readonly<Record<string, string>>,
    scopes: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<IncomingMessage> {
    const response = await this.#pushHost().request({
      method: 'POST',
      target: `/${this.reference.repository}/blobs/uploads/`,
      query,
      headers: { 'content-length': '0' },
      scopes,
      signal,
    });
    discardBody(response);
    return response;
  }

  /** One host takes a whole push: what is pushed belongs together. */
  #pushHost(): RegistryConnection {
    const connection = this.#connections.find(({ host }) => host.capabilities.has('push'));
    if (connection === undefined) throw new KindError('not-found', `${this.#name()}: no host may push`);
    return connection;
  }

  async #resolveAt(
    connection: RegistryConnection,
    path: string,
    persistent: boolean,
    signal: AbortSignal | undefined,
  ): Promise<Descriptor> {
    const common = {
      target: `/${this.reference.repository}/${path}`,
      query: this.#query(connection),
      headers: { accept },
      scopes: this.#scopes,
      signal,
      persistent,
    };
    const head = await connection.request({ ...common, method: 'HEAD' }).catch((error: unknown) => {
      // Some registries do not know HEAD.
      if (error instanceof KindError && error.kind === 'unknown') return undefined;
      throw error;
    });
    head?.resume();
    const fromHead = head === undefined ? undefined : this.#described(head);
    if (fromHead !== undefined) return fromHead;
    const response = await connection.request({ ...common, method: 'GET' });
    if (!path.startsWith('manifests/')) {
      discardBody(response);
      throw new KindError('not-found', `${this.#name()}: the registry does not tell the blob's size`);
    }
    const told = toldDigest(response);
    const body = await wholeBody(response, maxDocumentSize);
    const wanted = this.reference.digest === '' ? told : this.reference.digest;
    const digest = digestOf(body, wanted === '' ? undefined : parseDigest(wanted).algorithm);
    if (wanted !== '' && wanted !== digest) {
      throw new KindError('failed-precondition', `${this.#name()}: the registry sent ${digest}, expected ${wanted}`);
    }
    return { mediaType: contentType(response), digest, size: body.length };
  }

  /** What the headers tell; undefined when they do not tell enough. */
  #described(response: IncomingMessage): Descriptor | undefined {
    const digest = this.reference.digest === '' ? toldDigest(response) : this.reference.digest;
    const size = Number(response.headers['content-length'] ?? '0');
    if (digest === '' || !Number.isSafeInteger(size) || size <= 0) return undefined;
    return { mediaType: contentType(response), digest, size };
  }

  /** Mirrors are told whose content is wanted. */
  #query(connection: RegistryConnection): Record<string, string> {
    const { host } = this.reference;
    const own =
      connection.host.host === host || (host === 'docker.io' && connection.host.host === 'registry-1.docker.io');
    return own ? {} : { ns: host };
  }

  async #ask<T>(
    capability: RegistryCapability,
    signal: AbortSignal | undefined,
    question: (connection: RegistryConnection, persistent: boolean) => Promise<T>,
  ): Promise<T> {
    let failure: Error | undefined;
    const able = this.#connections.filter(({ host }) => host.capabilities.has(capability));
    for (const connection of able) {
      try {
        // Where there is another host to ask, this one is not waited for.
        return await question(connection, connection === able.at(-1));
      } catch (error) {
        signal?.throwIfAborted();
        if (failure === undefined || isNotFound(failure)) failure = asError(error);
      }
    }
    if (failure === undefined) throw new KindError('not-found', `${this.#name()}: no host may ${capability}`);
    if (isNotFound(failure)) throw new KindError('not-found', this.#name(), { cause: failure });
    throw withAccess(failure, 'pull');
  }

  #name(): string {
    const { host, repository, tag, digest } = this.reference;
    return `${host}/${repository}${tag === '' ? '' : `:${tag}`}${digest === '' ? '' : `@${digest}`}`;
  }
}

function isDocument({ mediaType }: Descriptor): boolean {
  const kind = mediaKind(mediaType);
  return kind === 'manifest' || kind === 'index';
}

function uploadLocation(location: string | undefined, base: URL): URL {
  if (location === undefined || !URL.canParse(location, base.href)) {
    throw new KindError('failed-precondition', `${base.host}: the registry named no place to upload to`);
  }
  const url = new URL(location, base.href);
  // Behind a proxy that speaks TLS, registries name their own scheme.
  if (url.host === base.host) url.protocol = base.protocol;
  return url;
}

function expectCreated(response: IncomingMessage, what: string, digest: string): void {
  const status = response.statusCode ?? 0;
  const told = response.headers['docker-content-digest'] ?? digest;
  if (status >= 200 && status < 300 && told === digest) return;
  if (told !== digest) throw new KindError('failed-precondition', `${what}: the registry has it as ${String(told)}`);
  throw new KindError('failed-precondition', `${what}: the registry answered ${status} to its upload`);
}

/** The first answer that is not `not-found`. */
async function firstFound<K, T>(keys: readonly K[], ask: (key: K) => Promise<T>): Promise<T> {
  let missing: KindError | undefined;
  for (const key of keys) {
    try {
      return await ask(key);
    } catch (error) {
      if (!isNotFound(error)) throw error;
      missing ??= error;
    }
  }
  throw missing ?? new KindError('not-found', 'nothing to ask for');
}

/** Says what a refusal may mean: registries answer alike for what is not there and what may not be seen. */
function withAccess(error: unknown, verb: 'pull' | 'push'): Error {
  if (!(error instanceof KindError) || error.kind !== 'unauthenticated') return asError(error);
  const detail = `${verb} access denied, repository does not exist or may require authorization: ${error.detail}`;
  return new KindError('unauthenticated', detail, { cause: error });
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

function isNotFound(error: unknown): error is KindError {
  return error instanceof KindError && error.kind === 'not-found';
}

function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

/** The digest that a registry says an answer has; empty when it says none. */
function toldDigest(response: IncomingMessage): string {
  const told = response.headers['docker-content-digest'] ?? '';
  if (told !== '') parseDigest(String(told));
  return String(told);
}

function contentType(response: IncomingMessage): string {
  const type = (response.headers['content-type'] ?? '').split(';', 1)[0]?.trim() ?? '';
  if (!/^[\x21-\x7e]{1,255}$/.test(type)) throw new KindError('failed-precondition', 'the registry sent no media type');
  return type;
}

function bodyOffset(response: IncomingMessage, asked: number): number {
  if (response.statusCode !== 206) return 0;
  const start = /^bytes (\d+)-/.exec(response.headers['content-range'] ?? '')?.[1];
  if (start === undefined || Number(start) !== asked) {
    response.destroy();
    throw new KindError('unavailable', `the registry answered with another range than bytes ${asked}-`);
  }
  return asked;
}
