import { errorKinds } from '../../pkg/errors/error-kind.ts';
import { firstFailure } from '../../pkg/errors/first-failure.ts';
import { kindOf } from '../../pkg/errors/kind-of.ts';
import type { Status } from './status.ts';

/** Longer messages lose their middle: a status travels in headers, which peers bound. Characters. */
const maxMessage = 4096;

/**
 * What the wire says of anything that a handler threw: a KindError's own code and message, `canceled` or
 * `deadline-exceeded` for aborts, code 2 and the bare message for everything else.
 *
 * A message that is too long keeps its beginning, which names the thing, and its end, which names the kind.
 */
export function statusOfError(error: unknown): Status {
  const kind = kindOf(error);
  const message = messageOf(error);
  // A system call's failure knows no kinds.
  const told = kind === 'resource-exhausted' ? withText(message, errorKinds[kind].text) : message;
  return { code: errorKinds[kind].code, message: bound(told) };
}

function messageOf(thrown: unknown): string {
  const error = firstFailure(thrown);
  if (error instanceof Error) return error.message === '' ? error.name : error.message;
  return String(error);
}

function withText(message: string, text: string): string {
  return message.endsWith(text) ? message : `${message}: ${text}`;
}

function bound(message: string): string {
  if (message.length <= maxMessage) return message;
  const half = maxMessage / 2;
  return `${message.slice(0, half).toWellFormed()} … ${message.slice(-half).toWellFormed()}`;
}
