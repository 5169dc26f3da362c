import { AuthRequest, AuthResponse, AuthType } from '../../api/gen/containerd/types/transfer/transfer.ts';
import { KeyedMutex } from '../../pkg/keyed-mutex/keyed-mutex.ts';
import { packAny } from '../../api/any/pack-any.ts';
import { unpackAny } from '../../api/any/unpack-any.ts';
import type { Stream } from '../streaming/stream-manager.ts';
import type { Credentials, CredentialSource } from './registry/credential-source.ts';

/** Asks the client for credentials over the stream that it opened for that; once a host. */
export class StreamCredentials implements CredentialSource {
  readonly #stream: Stream;
  readonly #reference: string;
  /** Questions and answers carry no number: one at a time. */
  readonly #asking = new KeyedMutex();
  readonly #known = new Map<string, Credentials>();

  constructor(stream: Stream, reference: string) {
    this.#stream = stream;
    this.#reference = reference;
  }

  async credentials(host: string): Promise<Credentials> {
    return await this.#asking.run('', async () => {
      const known = this.#known.get(host);
      if (known !== undefined) return known;
      const request = { host, reference: this.#reference, wwwauthenticate: [] };
      await this.#stream.send(packAny('containerd.types.transfer.AuthRequest', AuthRequest, request));
      const answer = await this.#stream.receive();
      if (answer === undefined) return { type: 'none' };
      const credentials = fromResponse(unpackAny(answer, 'containerd.types.transfer.AuthResponse', AuthResponse));
      this.#known.set(host, credentials);
      return credentials;
    });
  }
}

function fromResponse({ authType, username, secret }: AuthResponse): Credentials {
  if (secret === '' && username === '') return { type: 'none' };
  if (authType === AuthType.CREDENTIALS) return { type: 'password', username, secret };
  if (authType === AuthType.REFRESH) return { type: 'refresh', secret };
  // A line break in it would be another header.
  if (authType === AuthType.HEADER && /^[\x20-\x7e]+$/.test(secret)) return { type: 'header', value: secret };
  return { type: 'none' };
}
