const x509 = 'tls: failed to verify certificate: x509';

/**
 * What Go says where Node has an error code. Clients look for these words: nerdctl goes over to plain HTTP at "server gave HTTP
 * response to HTTPS client" and at "connection refused".
 */
const words: Readonly<Record<string, (host: string) => string>> = {
  ECONNREFUSED: (host) => `dial tcp ${host}: connect: connection refused`,
  ENETUNREACH: (host) => `dial tcp ${host}: connect: network is unreachable`,
  EHOSTUNREACH: (host) => `dial tcp ${host}: connect: no route to host`,
  ETIMEDOUT: (host) => `dial tcp ${host}: i/o timeout`,
  ENOTFOUND: (host) => `dial tcp: lookup ${host.replace(/:\d+$/, '')}: no such host`,
  EAI_AGAIN: (host) => `dial tcp: lookup ${host.replace(/:\d+$/, '')}: Temporary failure in name resolution`,
  ECONNRESET: () => 'read: connection reset by peer',
  EPIPE: () => 'write: broken pipe',
  ERR_SSL_WRONG_VERSION_NUMBER: () => 'http: server gave HTTP response to HTTPS client',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: () => 'http: server gave HTTP response to HTTPS client',
  ERR_SSL_HTTP_REQUEST: () => 'http: server gave HTTP response to HTTPS client',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: () => `${x509}: certificate signed by unknown authority`,
  UNABLE_TO_GET_ISSUER_CERT: () => `${x509}: certificate signed by unknown authority`,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: () => `${x509}: certificate signed by unknown authority`,
  SELF_SIGNED_CERT_IN_CHAIN: () => `${x509}: certificate signed by unknown authority`,
  DEPTH_ZERO_SELF_SIGNED_CERT: () => `${x509}: certificate signed by unknown authority`,
  CERT_HAS_EXPIRED: () => `${x509}: certificate has expired or is not yet valid`,
  CERT_NOT_YET_VALID: () => `${x509}: certificate has expired or is not yet valid`,
  HPE_HEADER_OVERFLOW: () => 'server response headers exceeded 16384 bytes; aborted',
};

/** A failed request to a `host[:port]` in Go's words, where there are such, else in Node's own. */
export function networkWords(error: Error, host: string): string {
  const code = errorCode(error);
  const said = words[code]?.(host);
  if (said !== undefined) return said;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return `${x509}: ${error.message}`;
  // Several addresses were tried: the error of all has no message.
  return error.message === '' ? code : error.message;
}

/** The code of a system, OpenSSL or Node error; empty when it has none. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
