import { spawn } from 'node:child_process';
import { buffer } from 'node:stream/consumers';

/** How a shim's binary is called. */
export interface ShimCall {
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Given to stdin, which is then closed; none: `/dev/null`. */
  readonly input?: Uint8Array;
  /** A descriptor that it is started with as number 9, though it is none of its business. */
  readonly stray?: number;
}

/** How it ended, and all it printed until everybody had closed its outputs. */
export interface ShimAnswer {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Runs a shim's binary as a daemon does: in a process group of its own, and until nobody holds its outputs any more. */
export async function callShim(binary: string, call: ShimCall): Promise<ShimAnswer> {
  const input = call.input === undefined ? 'ignore' : 'pipe';
  const stray = call.stray === undefined ? [] : [...new Array<'ignore'>(6).fill('ignore'), call.stray];
  const stdio = [input, 'pipe', 'pipe', ...stray] as const;
  const child = spawn(binary, call.args, { cwd: call.cwd, env: call.env, stdio: [...stdio], detached: true });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
  // It may end without reading.
  child.stdin?.on('error', () => undefined);
  if (call.input !== undefined) child.stdin?.end(call.input);
  if (child.stdout === null || child.stderr === null) throw new Error('no pipes to the shim');
  const [code, stdout, stderr] = await Promise.all([ended, buffer(child.stdout), buffer(child.stderr)]);
  return { code, stdout, stderr: stderr.toString() };
}
