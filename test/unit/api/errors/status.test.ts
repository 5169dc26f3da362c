import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorOfAbort } from '../../../../api/errors/error-of-abort.ts';
import { errorOfStatus } from '../../../../api/errors/error-of-status.ts';
import { statusOfError } from '../../../../api/errors/status-of-error.ts';
import { errorKinds, type ErrorKind } from '../../../../pkg/errors/error-kind.ts';
import { KindError } from '../../../../pkg/errors/kind-error.ts';

test('every kind survives the way over the wire, any number of times', () => {
  for (const kind of Object.keys(errorKinds) as ErrorKind[]) {
    for (const detail of ['image "a" in namespace "b"', 'x: not found', '']) {
      if (kind === 'unknown' && detail === '') continue; // has no text of its own
      const error = new KindError(kind, detail);
      const once = errorOfStatus(statusOfError(error));
      const twice = errorOfStatus(statusOfError(once));
      assert.equal(once.kind, kind);
      assert.equal(once.message, error.message);
      assert.deepEqual([twice.kind, twice.message], [kind, error.message]);
    }
  }
});

test('code 9 is told apart by its text', () => {
  assert.equal(errorOfStatus({ code: 9, message: 'x: conflict' }).kind, 'conflict');
  assert.equal(errorOfStatus({ code: 9, message: 'not modified' }).kind, 'not-modified');
  assert.equal(errorOfStatus({ code: 9, message: 'conflict of x' }).kind, 'failed-precondition');
});

test('a status of no known code is unknown, and a message without the text gets it', () => {
  assert.equal(errorOfStatus({ code: 99, message: 'x' }).kind, 'unknown');
  assert.equal(errorOfStatus({ code: 5, message: 'no such process' }).message, 'no such process: not found');
});

test('a full disk is told as such, however deep it lies', () => {
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', syscall: 'write' });
  assert.deepEqual(statusOfError(full), { code: 8, message: `${full.message}: resource exhausted` });
  assert.equal(statusOfError(new Error('x', { cause: new Error('y', { cause: full }) })).code, 8);
  assert.equal(statusOfError(new KindError('not-found', 'x', { cause: full })).code, 5);
});

test('what failed first is told, not the disposal that failed after it', () => {
  const first = new KindError('not-found', 'image "a"');
  const hidden = new SuppressedError(new Error('close'), new SuppressedError(new Error('close'), first));
  assert.deepEqual(statusOfError(hidden), { code: 5, message: first.message });
});

test('anything thrown has a status', () => {
  assert.deepEqual(statusOfError(new Error('x')), { code: 2, message: 'x' });
  assert.deepEqual(statusOfError(new TypeError('')), { code: 2, message: 'TypeError' });
  assert.deepEqual(statusOfError(undefined), { code: 2, message: 'undefined' });
  assert.equal(statusOfError(new DOMException('gone', 'AbortError')).code, 1);
  assert.equal(statusOfError(AbortSignal.abort().reason).code, 1);
  const cause = new KindError('deadline-exceeded', 'x');
  assert.equal(statusOfError(Object.assign(new Error('aborted', { cause }), { name: 'AbortError' })).code, 4);
});

test('a long message keeps both ends', () => {
  const { message } = statusOfError(new KindError('not-found', `begin${'😀'.repeat(10_000)}`));
  assert.ok(message.length < 4200);
  assert.match(message, /^begin/);
  assert.match(message, /: not found$/);
  assert.ok(message.isWellFormed());
});

test('an aborted call fails with the reason, if that has a kind', () => {
  const reason = new KindError('aborted', 'x');
  assert.equal(errorOfAbort(reason, 'call'), reason);
  assert.equal(errorOfAbort(new Error('x'), 'call').kind, 'canceled');
  assert.equal(errorOfAbort(new DOMException('late', 'TimeoutError'), 'call').kind, 'deadline-exceeded');
});
