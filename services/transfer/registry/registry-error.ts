import type { IncomingMessage } from 'node:http';
import type { ErrorKind } from '../../../pkg/errors/error-kind.ts';
import { KindError } from '../../../pkg/errors/kind-error.ts';
import { JsonObject } from '../../../pkg/oci/json-object.ts';
import { wholeBody } from './response-body.ts';

const maxErrorBody = 64 << 10;
const maxServerMessage = 1024;

/** The error of an answer nobody wanted, with what the registry says; reads the body. */
export async function registryError(response: IncomingMessage, method: string, url: URL): Promise<KindError> {
  const status = response.statusCode ?? 0;
  const said = method === 'HEAD' ? '' : await serverMessage(response);
  if (method === 'HEAD') response.resume();
  const text = `unexpected status from ${method} request to ${url.origin}${url.pathname}: ${status} ${response.statusMessage ?? ''}`;
  return new KindError(kindOfStatus(status), said === '' ? text : `${text}: server message: ${said}`);
}

function kindOfStatus(status: number): ErrorKind {
  if (status === 401) return 'unauthenticated';
  if (status === 403) return 'permission-denied';
  if (status === 404) return 'not-found';
  if (status === 416) return 'out-of-range';
  return status === 408 || status === 429 || status >= 500 ? 'unavailable' : 'unknown';
}

/** The codes and messages of a registry's error answer; empty when it has none. */
async function serverMessage(response: IncomingMessage): Promise<string> {
  try {
    const body = await wholeBody(response, maxErrorBody);
    const errors = JsonObject.parse(body, 'error').objects('errors');
    const text = errors.map((error) => [error.string('code'), error.string('message')].filter(Boolean).join(': '));
    // A registry's words end up in logs and terminals.
    return text
      .join('; ')
      .replace(/[^\x20-\x7e]/g, '?')
      .slice(0, maxServerMessage);
  } catch {
    return '';
  }
}
