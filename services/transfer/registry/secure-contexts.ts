import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';
import type { RegistryTls } from './registry-host.ts';

/** Where distributions keep the authorities that the machine trusts; Go looks there as well. */
const bundles = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/tls/cacert.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

const maxKept = 32;

/**
 * Makes what TLS connections start with: the machine's authorities (`SSL_CERT_FILE` names them, as for Go programs) and a host's own.
 * To make one takes many milliseconds of parsing, so those made last are kept.
 *
 * @throws what OpenSSL says of a certificate or key.
 */
export class SecureContexts {
  readonly #kept = new Map<string, Promise<SecureContext>>();
  #system: Promise<string | readonly string[]> | undefined;

  async get(tls: RegistryTls): Promise<SecureContext> {
    const key = createHash('sha256').update(JSON.stringify(tls)).digest('hex');
    const kept = this.#kept.get(key) ?? this.#make(tls);
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    kept.catch(() => this.#kept.delete(key));
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= maxKept) break;
      this.#kept.delete(oldest);
    }
    return await kept;
  }

  async #make({ ca = [], clients, skipVerify }: RegistryTls): Promise<SecureContext> {
    // Without verification nobody asks for authorities.
    const authorities = skipVerify === true ? [] : [await (this.#system ??= systemAuthorities()), ca].flat();
    return createSecureContext({
      ca: authorities,
      ...(clients === undefined ? {} : { cert: clients.map(({ cert }) => cert), key: clients.map(({ key }) => key) }),
    });
  }
}

/** PEM texts; those that Node brings along where the machine has none. */
async function systemAuthorities(): Promise<string | readonly string[]> {
  const named = process.env['SSL_CERT_FILE'] ?? '';
  for (const file of named === '' ? bundles : [named]) {
    try {
      return await readFile(file, 'utf8');
    } catch {
      // The next one; where there is none at all, certificates that cannot be verified are refused by name.
    }
  }
  return rootCertificates;
}
