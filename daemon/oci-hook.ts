import { readFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { KindError } from '../pkg/errors/kind-error.ts';
import { spawnProcess } from '../pkg/sys/spawn-process.ts';
import { readInput } from './read-input.ts';

/** What a template in a hook's command line may ask for. */
export interface HookFacts {
  readonly id: string;
  readonly bundle: string;
  readonly rootfs: string;
  readonly pid: string;
  readonly status: string;
  readonly annotations: ReadonlyMap<string, string>;
}

const maxState = 16 * 1024 * 1024;
const forwarded = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;
const signalNumbers = { SIGTERM: 15, SIGINT: 2, SIGHUP: 1 } as const;

/**
 * Runs a program in place of a hook of an OCI runtime, whose state comes on stdin: in its arguments and in the environment
 * `{{id}}`, `{{bundle}}`, `{{rootfs}}`, `{{pid}}`, `{{status}}` and `{{annotation "NAME"}}` are filled in.
 * @returns the program's exit code, or 128 and the number of the signal that ended it
 * @throws KindError `invalid-argument` for a state, a bundle or a template that cannot be read; SystemError.
 */
export async function ociHook(args: readonly string[]): Promise<number> {
  const facts = await readFacts(await readInput(maxState, 'oci-hook: the state'));
  const [file, ...rest] = args.map((argument) => fillIn(argument, facts));
  if (file === undefined || !isAbsolute(file))
    throw new KindError('invalid-argument', 'oci-hook: the absolute path of a program is required');
  // Ours are about how we were started.
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('GANTRY_'));
  const env = Object.fromEntries(own.map(([name, value = '']) => [name, filledInIfItCan(value, facts)]));
  const child = spawnProcess({ file, args: rest, env, stdout: 1, stderr: 2 });
  for (const signal of forwarded) process.on(signal, () => child.kill(signalNumbers[signal]));
  const { code, signal } = await child.exited;
  return code ?? 128 + (signal ?? 0);
}

/**
 * Fills in a template.
 * @throws KindError `invalid-argument` for what is no template that is known.
 */
export function fillIn(text: string, facts: HookFacts): string {
  const filled = text.replaceAll(
    /\{\{-?\s*(\w+)(?:\s+("(?:[^"\\]|\\.)*"|`[^`]*`))?\s*-?\}\}/g,
    (whole, name, quoted) => {
      const value = valueOf(String(name), typeof quoted === 'string' ? unquoted(quoted) : undefined, facts);
      if (value !== undefined) return value;
      throw new KindError('invalid-argument', `template ${JSON.stringify(whole)} is not known`);
    },
  );
  const rest = text.replaceAll(/\{\{-?\s*\w+(?:\s+(?:"(?:[^"\\]|\\.)*"|`[^`]*`))?\s*-?\}\}/g, '');
  if (rest.includes('{{')) throw new KindError('invalid-argument', `template ${JSON.stringify(text)} cannot be read`);
  return filled;
}

function valueOf(name: string, argument: string | undefined, facts: HookFacts): string | undefined {
  if (name === 'annotation') return argument === undefined ? undefined : (facts.annotations.get(argument) ?? '');
  if (argument !== undefined) return undefined;
  switch (name) {
    case 'id':
    case 'bundle':
    case 'rootfs':
    case 'pid':
    case 'status':
      return facts[name];
    default:
      return undefined;
  }
}

function unquoted(text: string): string {
  if (text.startsWith('`')) return text.slice(1, -1);
  return text.slice(1, -1).replaceAll(/\\(.)/g, '$1');
}

/** What the environment holds need not be meant as a template. */
function filledInIfItCan(text: string, facts: HookFacts): string {
  try {
    return fillIn(text, facts);
  } catch {
    return text;
  }
}

async function readFacts(input: Buffer): Promise<HookFacts> {
  const state = parseJson(input.toString('utf8'), 'the state on stdin');
  const bundle = textOf(state, 'bundle');
  const specFile = join(bundle, 'config.json');
  const spec = parseJson(await readFile(specFile, 'utf8'), specFile);
  const root = textOf(memberOf(spec, 'root'), 'path');
  const annotations = memberOf(state, 'annotations');
  const entries = Object.entries(typeof annotations === 'object' ? { ...annotations } : {});
  return {
    id: textOf(state, 'id'),
    bundle,
    rootfs: isAbsolute(root) ? root : join(bundle, root),
    pid: String(Number(memberOf(state, 'pid') ?? 0)),
    status: textOf(state, 'status'),
    annotations: new Map(entries.map(([name, value]) => [name, String(value)])),
  };
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new KindError('invalid-argument', `oci-hook: ${what} is no JSON`, { cause });
  }
}

function textOf(value: unknown, name: string): string {
  const member = memberOf(value, name);
  return typeof member === 'string' ? member : '';
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
