import type { IncomingMessage } from 'node:http';
import { KindError } from '../../../pkg/errors/kind-error.ts';
import { JsonObject } from '../../../pkg/oci/json-object.ts';
import { parseChallenges, type AuthChallenge } from './auth-challenge.ts';
import type { Credentials, CredentialSource } from './credential-source.ts';
import type { HttpTransport } from './http-transport.ts';
import type { RegistryHost } from './registry-host.ts';
import { discardBody, wholeBody } from './response-body.ts';

const maxTokenAnswer = 1 << 20;

/**
 * Earns the `Authorization` header for one host: basic, or a bearer token of the server that the host's challenge
 * names (Docker registry token authentication). Tokens are kept by their scopes until the host refuses them.
 */
export class Authorizer {
  readonly #host: RegistryHost;
  readonly #transport: HttpTransport;
  readonly #source: CredentialSource | undefined;
  readonly #headers = new Map<string, string>();
  readonly #underway = new Map<string, Promise<void>>();
  readonly #userAgent: string;

  constructor(host: RegistryHost, transport: HttpTransport, source: CredentialSource | undefined, userAgent: string) {
    this.#host = host;
    this.#transport = transport;
    this.#source = source;
    this.#userAgent = userAgent;
  }

  /** The header for requests of these scopes, when one was earned. */
  header(scopes: readonly string[]): string | undefined {
    return this.#headers.get(scopes.join(' '));
  }

  /**
   * Answers a 401: earns a new header for the scopes, once for all requests that wait for it. `used` is what the refused request
   * sent.
   *
   * @throws KindError `unauthenticated` when there is nothing left to try.
   */
  async answer(
    challenges: readonly string[],
    scopes: readonly string[],
    used: string | undefined,
    signal?: AbortSignal,
  ): Promise<void> {
    const key = scopes.join(' ');
    if (this.#headers.get(key) !== used) return;
    const running = this.#underway.get(key);
    if (running !== undefined) return await running;
    const work = this.#earn(parseChallenges(challenges), scopes, used, signal);
    this.#underway.set(key, work);
    try {
      await work;
    } finally {
      this.#underway.delete(key);
    }
  }

  async #earn(
    challenges: readonly AuthChallenge[],
    scopes: readonly string[],
    used: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const credentials = (await this.#source?.credentials(this.#host.host)) ?? { type: 'none' };
    const header = await this.#headerFor(challenges, credentials, scopes, signal);
    const failed = `${this.#host.host}: authorization failed`;
    if (header === undefined) throw new KindError('unauthenticated', `${failed}: no basic auth credentials`);
    // A basic header that was refused once is refused again; a token may have run out. It stays, so that requests under way find it refused.
    if (header === used && !header.startsWith('Bearer ')) {
      throw new KindError('unauthenticated', `${failed}: the credentials were refused`);
    }
    this.#headers.set(scopes.join(' '), header);
  }

  async #headerFor(
    challenges: readonly AuthChallenge[],
    credentials: Credentials,
    scopes: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<string | undefined> {
    if (credentials.type === 'header') return credentials.value;
    const bearer = challenges.find((challenge) => challenge.scheme === 'bearer');
    if (bearer !== undefined) return `Bearer ${await this.#token(bearer, credentials, scopes, signal)}`;
    const basic = challenges.some((challenge) => challenge.scheme === 'basic');
    if (!basic || credentials.type !== 'password') return undefined;
    return basicHeader(credentials.username, credentials.secret);
  }

  async #token(
    challenge: AuthChallenge,
    credentials: Credentials,
    wanted: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<string> {
    const realm = this.#realm(challenge.parameters.get('realm') ?? '');
    const service = challenge.parameters.get('service') ?? '';
    const asked = (challenge.parameters.get('scope') ?? '').split(' ').filter((each) => each !== '');
    const scopes = [...new Set([...wanted, ...asked])].sort();
    if (credentials.type !== 'none') {
      const answer = await this.#postForToken(realm, service, scopes, credentials, signal);
      if (answer !== undefined) return answer;
    }
    const url = new URL(realm);
    if (service !== '') url.searchParams.set('service', service);
    for (const each of scopes) url.searchParams.append('scope', each);
    const headers: Record<string, string> = { 'user-agent': this.#userAgent };
    if (credentials.type === 'password' || credentials.type === 'refresh') {
      const username = credentials.type === 'password' ? credentials.username : '';
      headers['authorization'] = basicHeader(username, credentials.secret);
    }
    return await this.#read(await this.#transport.send({ method: 'GET', url, headers, signal }), url);
  }

  /** OAuth 2, as Docker's token servers speak it; undefined when this one does not. */
  async #postForToken(
    realm: URL,
    service: string,
    scopes: readonly string[],
    credentials: Credentials,
    signal: AbortSignal | undefined,
  ): Promise<string | undefined> {
    const form = new URLSearchParams({ client_id: 'containerd-client', service, scope: scopes.join(' ') });
    if (credentials.type === 'password') {
      form.set('grant_type', 'password');
      form.set('username', credentials.username);
      form.set('password', credentials.secret);
    } else if (credentials.type === 'refresh') {
      form.set('grant_type', 'refresh_token');
      form.set('refresh_token', credentials.secret);
    } else {
      return undefined;
    }
    const body = Buffer.from(form.toString());
    const response = await this.#transport.send({
      method: 'POST',
      url: realm,
      headers: {
        'user-agent': this.#userAgent,
        'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
        'content-length': String(body.length),
      },
      body,
      signal,
    });
    // What containerd takes as a server without OAuth: some cloud registries and proxies answer 400, 401 or 404.
    const status = response.statusCode ?? 0;
    if ([400, 401, 404].includes(status) || (status === 405 && credentials.type === 'password')) {
      discardBody(response);
      return undefined;
    }
    return await this.#read(response, realm);
  }

  #realm(text: string): URL {
    const fail = (why: string): never => {
      throw new KindError('unauthenticated', `${this.#host.host}: token server ${JSON.stringify(text)} ${why}`);
    };
    if (!URL.canParse(text)) fail('is no URL');
    const realm = new URL(text);
    if (realm.protocol !== 'https:' && realm.protocol !== 'http:') fail('is neither http nor https');
    // A registry that is reached safely must not have credentials sent in the clear.
    if (this.#host.scheme === 'https' && realm.protocol === 'http:') fail('is not https, unlike the registry');
    realm.username = '';
    realm.password = '';
    return realm;
  }

  async #read(response: IncomingMessage, realm: URL): Promise<string> {
    const status = response.statusCode ?? 0;
    if (status < 200 || status >= 300) {
      discardBody(response);
      const kind = status === 429 || status >= 500 ? 'unavailable' : 'unauthenticated';
      const what = `failed to fetch a token: unexpected status from ${realm.origin}${realm.pathname}`;
      throw new KindError(kind, `${what}: ${status} ${response.statusMessage ?? ''}`);
    }
    const json = JsonObject.parse(await wholeBody(response, maxTokenAnswer), `token of ${realm.origin}`);
    const token = json.string('token') || json.string('access_token');
    if (!/^[\x21-\x7e]+$/.test(token)) {
      throw new KindError(
        'unauthenticated',
        `${realm.origin}${realm.pathname}: authorization server did not include a token`,
      );
    }
    return token;
  }
}

function basicHeader(username: string, secret: string): string {
  return `Basic ${Buffer.from(`${username}:${secret}`).toString('base64')}`;
}
