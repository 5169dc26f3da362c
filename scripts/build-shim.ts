// Builds an executable of the shim's engine: bundles TypeScript, compiles it to bytecode, and links that with the host.
//
//   node scripts/build-shim.ts                     bin/containerd-shim-gantry-v2
//   node scripts/build-shim.ts ENTRY OUTPUT        any other program for the host
//
// In the environment: SANITIZE=1 for AddressSanitizer and UBSan; LINES=1 for line numbers in stacks, those of OUTPUT.js.
import { build, type Plugin } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { buildVersion } from './build-version.ts';

/** A program for the host. */
export interface ShimProgram {
  /** Its main file. */
  readonly entry: string;
  /** The executable that is written; its name is what stacks call the program. */
  readonly output: string;
  /** With AddressSanitizer and UBSan, which report to files beside the executable, `.report.PID`; default false. */
  readonly sanitize?: boolean;
  /** With line numbers in stacks; the script that they are of is written beside the executable. Default false. */
  readonly lines?: boolean;
}

const root = join(import.meta.dirname, '..');
const work = join(root, 'build/shim');

/**
 * Generated messages without `create` and `fromPartial`: nobody needs them here (`decode` of nothing gives a message's defaults), and the functions
 * of all messages together take some 60 KB in each shim. Whoever uses one is told at once.
 */
const leanMessages: Plugin = {
  name: 'lean-messages',
  setup(context) {
    context.onLoad({ filter: /\/(api|pkg|shim)\/.*\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8');
      if (path.includes('/api/gen/')) {
        return { contents: source.replace(/\n {2}create<I extends[\s\S]*?\n\};/g, '\n};'), loader: 'ts' };
      }
      const use = /\b(?!Object\b)[A-Z]\w*\.(?:create|fromPartial)\(/.exec(source.replace(/^import .*$/gm, ''));
      if (use === null || !isGenerated(use[0], source)) return undefined;
      return { errors: [{ text: `${path}: the shim's messages have no ${use[0]}…): decode an empty array` }] };
    });
  },
};

/** Whether the class of a call was imported from generated code. */
function isGenerated(call: string, source: string): boolean {
  const name = call.slice(0, call.indexOf('.'));
  return new RegExp(`^import [^;]*\\b${name}\\b[^;]* from '[^']*/gen/`, 'm').test(source);
}

/** Builds a program. @throws Error with what the tools said. */
export async function buildShim({ entry, output, sanitize = false, lines = false }: ShimProgram): Promise<void> {
  mkdirSync(work, { recursive: true });
  const directory = mkdtempSync(join(work, `${basename(output)}-`));
  const script = join(directory, 'program.js');
  try {
    await bundle(entry, script);
    if (lines) copyFileSync(script, `${output}.js`);
    const options = [`BUNDLE=${script}`, `OUTPUT=${resolve(output)}`];
    if (sanitize) options.push('SANITIZE=1');
    if (lines) options.push('LINES=1');
    const make = ['make', '--no-print-directory', '-C', join(root, 'native'), 'program', ...options];
    // One at a time: tests build programs side by side, and share what these are made of.
    const made = spawnSync('flock', [join(work, 'lock'), ...make], { encoding: 'utf8' });
    if (made.status !== 0) throw new Error(`the host was not built:\n${made.stdout}${made.stderr}`);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function bundle(entry: string, script: string): Promise<void> {
  const { version, revision } = buildVersion();
  await build({
    absWorkingDir: root,
    entryPoints: [resolve(entry)],
    outfile: script,
    inject: [join(root, 'shim/host/globals.ts')],
    bundle: true,
    // Functions find a module's variables at once; those of a function around everything the engine would look for one by one.
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    conditions: ['import', 'default'],
    // What the engine speaks, but for `using`.
    target: 'es2023',
    // Names stay for stacks; what the bytecode does not keep anyway costs nothing.
    minifySyntax: true,
    treeShaking: true,
    legalComments: 'none',
    plugins: [leanMessages],
    define: { GANTRY_BUILD_VERSION: JSON.stringify(version), GANTRY_BUILD_REVISION: JSON.stringify(revision) },
    logLevel: 'warning',
  });
}

if (import.meta.main) {
  const [entry = join(root, 'shim/main.ts'), output = join(root, 'bin/containerd-shim-gantry-v2')] =
    process.argv.slice(2);
  const { SANITIZE, LINES } = process.env;
  await buildShim({ entry, output, sanitize: SANITIZE === '1', lines: LINES === '1' });
}
