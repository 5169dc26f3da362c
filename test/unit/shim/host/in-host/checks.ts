import { host } from '../../../../../shim/host/host.ts';
import { writeOut } from './write-out.ts';

/** Checks that run in the host, one after the other: what `node:test` is elsewhere. */
export interface Check {
  readonly name: string;
  readonly run: (directory: string) => void | Promise<void>;
}

/** @throws Error that shows both, when they differ in what JSON makes of them. */
export function equal(actual: unknown, expected: unknown): void {
  const [one, other] = [show(actual), show(expected)];
  if (one !== other) throw new Error(`${one} is not ${other}`);
}

/** @throws Error when nothing, or another code, is thrown. */
export function fails(code: string, action: () => unknown): void {
  try {
    action();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === code) return;
    throw error;
  }
  throw new Error(`${code} was to be thrown`);
}

/** Runs checks and writes a line to stdout for each: `ok NAME`, or `not ok NAME: why`. */
export async function runChecks(checks: readonly Check[], directory: string): Promise<void> {
  for (const [index, { name, run }] of checks.entries()) {
    const own = `${directory}/${index}`;
    host.makeDirectory(own, 0o700);
    try {
      await run(own);
      writeOut(`ok ${name}\n`);
    } catch (error) {
      const why = error instanceof Error ? `${error.message} ${error.stack ?? ''}` : String(error);
      writeOut(`not ok ${name}: ${why.replaceAll('\n', ' ')}\n`);
    }
  }
}

function show(value: unknown): string {
  const text: string = JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part === 'bigint') return `${part.toString()}n`;
    return part instanceof Uint8Array ? [...part] : part;
  });
  return text;
}
