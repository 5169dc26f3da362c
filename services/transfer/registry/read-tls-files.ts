import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { KindError } from '../../../pkg/errors/kind-error.ts';
import type { TlsFiles } from './hosts-file.ts';
import type { RegistryTls } from './registry-host.ts';

const certificate = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/** The certificate files of a folder that is laid out as Docker has it: `*.crt` to trust, `*.cert` with `*.key` to show. */
export async function dockerTlsFiles(folder: string): Promise<TlsFiles> {
  const names = (await readdir(folder)).sort();
  const clients = names
    .filter((name) => name.endsWith('.cert'))
    .map((cert): [string, string] => {
      const key = `${cert.slice(0, -'.cert'.length)}.key`;
      return [cert, names.includes(key) ? key : cert];
    });
  return { ca: names.filter((name) => name.endsWith('.crt')), clients };
}

/**
 * Reads certificates and keys; paths are relative to `folder`.
 *
 * @throws KindError `invalid-argument` that names the file when it cannot be read, or is not what it should be.
 */
export async function readTlsFiles(
  files: TlsFiles,
  folder: string,
  skipVerify: boolean | undefined,
): Promise<RegistryTls> {
  const ca = await Promise.all(files.ca.map(async (file) => await readAuthorities(resolve(folder, file))));
  const clients = await Promise.all(
    files.clients.map(async ([cert, key]) => await readPair(resolve(folder, cert), resolve(folder, key))),
  );
  return {
    ...(ca.length > 0 ? { ca: ca.flat() } : {}),
    ...(clients.length > 0 ? { clients } : {}),
    ...(skipVerify === undefined ? {} : { skipVerify }),
  };
}

async function readAuthorities(file: string): Promise<readonly string[]> {
  const text = await read(file, 'CA cert');
  const found = text.match(certificate) ?? [];
  if (found.length === 0) throw new KindError('invalid-argument', `unable to load CA cert "${file}"`);
  for (const each of found) check(() => new X509Certificate(each), `unable to load CA cert "${file}"`);
  return found;
}

async function readPair(certFile: string, keyFile: string): Promise<{ cert: string; key: string }> {
  const cert = await read(certFile, 'CERT file');
  const key = certFile === keyFile ? cert : await read(keyFile, 'CERT file');
  check(() => {
    if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)))
      throw new Error('private key does not match');
  }, `failed to load X509 key pair "${certFile}", "${keyFile}"`);
  return { cert, key };
}

async function read(file: string, what: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new KindError('invalid-argument', `unable to read ${what} "${file}": ${String(cause)}`, { cause });
  }
}

function check(parse: () => unknown, detail: string): void {
  try {
    parse();
  } catch (cause) {
    throw new KindError('invalid-argument', `${detail}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}
