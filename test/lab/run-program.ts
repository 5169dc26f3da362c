import { Child, type ChildOptions, type Outcome } from './child.ts';

/** Runs a program to its end. @throws Error when it cannot be started; never for its exit code. */
export async function runProgram(file: string, args: readonly string[], options?: ChildOptions): Promise<Outcome> {
  const child = await Child.start(file, args, options);
  return child.exited;
}
