import { errorKinds, type ErrorKind } from './error-kind.ts';

/**
 * A failure of a known kind, raised where the fact is known. Its message is `<detail>: <kind text>`,
 * the form that Go clients parse; the detail names the thing and, where there is a way out, says it.
 *
 * @example
 * throw new KindError('not-found', `snapshot "a1b2" in namespace "default"`);
 * // message: snapshot "a1b2" in namespace "default": not found
 */
export class KindError extends Error {
  readonly kind: ErrorKind;

  /** The message without the kind's text. */
  readonly detail: string;

  constructor(kind: ErrorKind, detail: string, options?: ErrorOptions) {
    const { text } = errorKinds[kind];
    // A failure of no known kind has no class text: Go clients would show it as part of the message.
    super(kind === 'unknown' ? detail : detail === '' ? text : `${detail}: ${text}`, options);
    this.name = 'KindError';
    this.kind = kind;
    this.detail = detail;
  }
}
