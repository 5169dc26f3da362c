import { isIPv6 } from 'node:net';
import { KindError } from '../pkg/errors/kind-error.ts';

/** Where to listen, in Node's terms; without a host, on all addresses. */
export interface TcpAddress {
  readonly host?: string;
  readonly port: number;
}

/**
 * Reads `host:port`, `:port` and `[address]:port`.
 * @throws KindError `invalid-argument` for anything else.
 */
export function parseTcpAddress(text: string): TcpAddress {
  const [, bracketed, plain, digits = ''] = /^(?:\[([^\]]*)\]|([^:[\]/]*)):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  const bad = digits === '' || port > 65_535 || (bracketed !== undefined && !isIPv6(bracketed));
  if (bad) throw new KindError('invalid-argument', `address ${JSON.stringify(text)} must be host:port`);
  const host = bracketed ?? plain ?? '';
  return { port, ...(host === '' ? {} : { host }) };
}
