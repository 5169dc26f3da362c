import assert from 'node:assert/strict';
import type { ErrorKind } from '../../../pkg/errors/error-kind.ts';
import { KindError } from '../../../pkg/errors/kind-error.ts';

/**
 * What a call must be refused with: a text that clients look for, and a kind. Go's shims leave the kind of many refusals `unknown`; where
 * clients do not look at it, a better one is as good.
 */
export function refused(text: RegExp, ...kinds: readonly ErrorKind[]): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof KindError, `not an answer of the shim's: ${String(error)}`);
    assert.match(error.message, text);
    assert.ok(kinds.includes(error.kind), `${error.kind}, not ${kinds.join(' or ')}: ${error.message}`);
    return true;
  };
}

/** Nothing by that name: what clients look for most. */
export function notFound(text = /^/): (error: unknown) => boolean {
  return refused(text, 'not-found');
}

/** Refused for the state that the thing is in. */
export function wrongState(text: RegExp): (error: unknown) => boolean {
  return refused(text, 'unknown', 'failed-precondition');
}
