import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Logger } from '../../../pkg/log/logger.ts';

/** What a client wants to see of the requests that are made for it. */
export interface HttpDebug {
  /** Takes the text of requests and answers; never blocks. */
  readonly dump?: ((text: string) => void) | undefined;
  /** Where connections and look-ups are told. */
  readonly trace?: Logger | undefined;
}

/** The most of a body that is shown, and only of text. */
const maxBody = 64 << 10;

/** Tells of one request as it goes its way. Headers that carry secrets are shown without them. */
export function watchRequest(outgoing: ClientRequest, debug: HttpDebug): void {
  const { dump, trace } = debug;
  if (trace !== undefined) traceConnection(outgoing, trace);
  if (dump === undefined) return;
  const line = `${outgoing.method} ${withoutQuery(outgoing.path)} HTTP/1.1`;
  dump(`${[line, ...headerLines(outgoing.getHeaders())].join('\r\n')}\r\n\r\n`);
  outgoing.once('response', (response) => dumpResponse(response, dump));
}

function traceConnection(outgoing: ClientRequest, trace: Logger): void {
  outgoing.once('socket', (socket) => {
    const reused = outgoing.reusedSocket;
    const connected = (): void => {
      trace.debug('Connection successful', { reused, remote_addr: `${socket.remoteAddress}:${socket.remotePort}` });
    };
    if (!socket.connecting) return connected();
    trace.debug('DNS lookup', { host: outgoing.host });
    socket.once('lookup', (error: Error | null, result: string) => {
      if (error) trace.debug('DNS lookup error', { lookup_err: error.message });
      else trace.debug('DNS lookup complete', { result });
    });
    socket.once('connect', connected);
  });
}

function dumpResponse(response: IncomingMessage, dump: (text: string) => void): void {
  const status = `HTTP/${response.httpVersion} ${response.statusCode} ${response.statusMessage}`;
  dump(`${[status, ...headerLines(response.headersDistinct)].join('\r\n')}\r\n\r\n`);
  if (!/^text\/|json\b/.test(response.headers['content-type'] ?? '')) return;
  const pieces: Buffer[] = [];
  let size = 0;
  response.on('data', (piece: Buffer) => {
    size += piece.length;
    if (size <= maxBody) pieces.push(piece);
  });
  response.once('end', () => dump(`${Buffer.concat(pieces).toString()}${size > maxBody ? '…' : ''}\n`));
  // Who asked reads on from here.
  response.pause();
}

const secret = /^(?:authorization|proxy-authorization|cookie|set-cookie|location)$/i;

function headerLines(headers: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(headers).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((each: unknown) => `${name}: ${shown(name, String(each))}`),
  );
}

function shown(name: string, value: string): string {
  if (!secret.test(name)) return value;
  // Places to go to carry signatures; the rest says what it is and no more.
  if (/^location$/i.test(name)) return withoutQuery(value);
  return `${value.split(' ', 1)[0] ?? ''} <redacted>`;
}

function withoutQuery(path: string): string {
  return path.replace(/\?.*$/s, '?…');
}
