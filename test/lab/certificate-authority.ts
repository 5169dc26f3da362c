import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The files of a certificate and its key, in PEM. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

/**
 * An authority of a test's own, made with openssl in a directory.
 *
 * @example
 * const authority = new CertificateAuthority(directory.path);
 * const { certificate, key } = authority.issue('registry', 'IP:127.0.0.1');
 */
export class CertificateAuthority {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
    const { certificate, key } = this.#files('ca');
    this.#openssl([
      'req',
      '-x509',
      ...newKey,
      '-keyout',
      key,
      '-out',
      certificate,
      '-subj',
      '/CN=lab',
      '-days',
      '3650',
    ]);
  }

  /** What others have to trust. */
  get certificate(): string {
    return this.#files('ca').certificate;
  }

  /** A certificate for a server or client; `names` are alternative names as openssl writes them. */
  issue(name: string, names: string): CertificateFiles {
    const files = this.#files(name);
    const request = join(this.#directory, `${name}.csr`);
    const extensions = join(this.#directory, `${name}.ext`);
    writeFileSync(extensions, `subjectAltName=${names}\n`);
    this.#openssl(['req', ...newKey, '-keyout', files.key, '-out', request, '-subj', `/CN=${name}`]);
    const signer = ['-CA', this.certificate, '-CAkey', this.#files('ca').key, '-CAcreateserial'];
    const signed = ['-extfile', extensions, '-out', files.certificate, '-days', '3650'];
    this.#openssl(['x509', '-req', '-in', request, ...signer, ...signed]);
    return files;
  }

  #files(name: string): CertificateFiles {
    return { certificate: join(this.#directory, `${name}.crt`), key: join(this.#directory, `${name}.key`) };
  }

  #openssl(args: readonly string[]): void {
    execFileSync('openssl', args, { stdio: 'pipe' });
  }
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
