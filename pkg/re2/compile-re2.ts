import { parseRe2 } from './parse-re2.ts';
import { Re2Error } from './re2-error.ts';
import { buildProgram } from './re2-program.ts';
import { runProgram } from './run-program.ts';

/** A compiled regular expression. */
export interface Re2 {
  /** Whether it matches anywhere in `text`; in time proportional to the text's length times the pattern's. */
  test(text: string): boolean;
}

/**
 * Compiles a regular expression in RE2's syntax, as Go takes it.
 * @returns undefined for one that Go refuses, or whose program would be larger than {@link buildProgram} allows.
 */
export function compileRe2(pattern: string): Re2 | undefined {
  try {
    const program = buildProgram(parseRe2(pattern));
    return { test: (text) => runProgram(program, text) };
  } catch (error) {
    if (error instanceof Re2Error) return undefined;
    throw error;
  }
}
