import { run } from 'node:test';
import { inspect } from 'node:util';
import { HangWatch } from './hang-watch.ts';

/**
 * A test that takes longer, in milliseconds, hangs; so does a file, and one that has no test under way for so long. The longest file takes
 * four minutes on a quiet machine.
 */
const limits = { test: 600_000, file: 900_000, idle: 120_000 };

/** What came out of one file. */
export interface FileResult {
  passed: number;
  failed: number;
  readonly milliseconds: number;
  /** Name and reason of each failure. */
  readonly failures: readonly string[];
  /** What the file's process wrote. */
  readonly output: string;
}

interface TestEvent {
  readonly name: string;
  readonly testId: number;
  readonly classname?: string;
  readonly skip?: string | boolean;
  readonly details: { readonly type?: string; readonly error?: Error };
}

/** A suite's own failure counts only if it is not the sum of its tests' (a hook that failed, say). */
function countsAsTest({ details: { type, error } }: TestEvent): boolean {
  if (type !== 'suite') return true;
  return error !== undefined && 'failureType' in error && error.failureType !== 'subtestsFailed';
}

function reason(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  const text = cause instanceof Error ? (cause.stack ?? cause.message) : inspect(cause);
  // A failed disposal keeps the first failure aside.
  const suppressed = cause instanceof SuppressedError ? `\n${inspect(cause.suppressed)}\n${inspect(cause.error)}` : '';
  return `${text}${suppressed}`.replaceAll(/^/gm, '    ');
}

/**
 * Runs a test file in a process of its own. A skipped test has failed, and so has a file without tests. A file that hangs is ended, and the
 * tests that it was at are told; what it started may go on.
 */
export async function runTestFile(file: string): Promise<FileResult> {
  const started = performance.now();
  const counts = { passed: 0, failed: 0 };
  const failures: string[] = [];
  const output: string[] = [];
  const fail = (name: string, why: string): void => {
    counts.failed++;
    failures.push(`  ✗ ${name}\n${why}`);
  };
  const titleOf = ({ name, classname }: TestEvent): string =>
    classname === undefined ? name : `${classname} › ${name}`;

  using watch = new HangWatch(limits);
  const { signal } = watch;
  signal.addEventListener('abort', () => fail('it hangs', reason(signal.reason)));
  const stream = run({ files: [file], timeout: limits.test, signal });
  stream.on('test:dequeue', ({ name, testId }: TestEvent) => {
    if (name !== file) watch.begun(testId, name);
  });
  stream.on('test:complete', ({ testId }: TestEvent) => watch.ended(testId));
  stream.on('test:pass', (event: TestEvent) => {
    if (event.skip !== undefined) fail(titleOf(event), '    skipped: a test that cannot run is a failure here');
    // A file without tests passes as one.
    else if (event.details.type !== 'suite' && event.name !== file) counts.passed++;
  });
  stream.on('test:fail', (event: TestEvent) => {
    if (countsAsTest(event) && !signal.aborted) fail(titleOf(event), reason(event.details.error));
  });
  for (const kind of ['test:stdout', 'test:stderr'] as const) {
    stream.on(kind, ({ message }: { message: string }) => void output.push(message));
  }
  // The stream ends only if somebody reads it.
  await stream.forEach(() => undefined);

  if (counts.passed + counts.failed === 0) fail('the file', '    no test in it');
  return { ...counts, failures, output: output.join(''), milliseconds: performance.now() - started };
}
