import { errorKinds, type ErrorKind } from '../../pkg/errors/error-kind.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import type { Status } from './status.ts';

const kindOfCode = new Map<number, ErrorKind>();
for (const kind of Object.keys(errorKinds) as ErrorKind[]) {
  const { code } = errorKinds[kind];
  if (!kindOfCode.has(code)) kindOfCode.set(code, kind);
}

const preconditionKinds = ['conflict', 'not-modified'] as const;

/**
 * The error that a peer's status stands for. The kind's text at the end of the message is taken off, so that
 * passing the error on says it once. `conflict` and `not-modified` share code 9 with `failed-precondition` and are
 * known by that text alone. A code that does not exist is `unknown`.
 */
export function errorOfStatus(status: Status): KindError {
  const kind = kindOfStatus(status);
  return new KindError(kind, withoutText(status.message, errorKinds[kind].text));
}

function kindOfStatus({ code, message }: Status): ErrorKind {
  const kind = kindOfCode.get(code) ?? 'unknown';
  if (kind !== 'failed-precondition') return kind;
  return preconditionKinds.find((candidate) => endsWithText(message, errorKinds[candidate].text)) ?? kind;
}

function endsWithText(message: string, text: string): boolean {
  return message === text || message.endsWith(`: ${text}`);
}

function withoutText(message: string, text: string): string {
  if (message === text) return '';
  return message.endsWith(`: ${text}`) ? message.slice(0, -text.length - 2) : message;
}
