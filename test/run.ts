// Runs the tests in groups and ends with the line `N passed, N failed`.
//
//   node test/run.ts [PATH-PREFIX...]     only test files whose path starts so
import { globSync, rmdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { isSystemError } from '../pkg/sys/system-error.ts';
import { machineState } from './lab/machine-state.ts';
import { runTestFiles } from './lab/run-test-files.ts';

/** What goes together. Groups run one after the other, the files of a group side by side. */
interface Group {
  readonly name: string;
  readonly files: string;
  readonly concurrency: number;
}

const root = join(import.meta.dirname, '..');
const cores = availableParallelism();
const groups: readonly Group[] = [
  { name: 'unit', files: 'test/unit/**/*.test.ts', concurrency: cores },
  { name: 'suites', files: 'test/suites/**/*.test.ts', concurrency: cores },
  { name: 'integration', files: 'test/integration/**/*.test.ts', concurrency: cores },
  { name: 'fault', files: 'test/fault/**/*.test.ts', concurrency: 1 },
];

/** Where containerd, its shims and `ctr` keep what they have: they make these where they run, and leave them. Inner ones first. */
const shared = ['fifo', 'runc', 's', ''].map((name) => join('/run/containerd', name));

/** Removes a directory, unless something is in it or it is not there. */
function removeEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch (error) {
    if (!isSystemError(error, 'ENOENT', 'ENOTEMPTY')) throw error;
  }
}

const wanted = process.argv.slice(2).map((path) => relative(root, join(process.cwd(), path)));
const before = machineState();
let passed = 0;
let failed = 0;
for (const group of groups) {
  const files = globSync(group.files, { cwd: root })
    .filter((file) => wanted.length === 0 || wanted.some((prefix) => file.startsWith(prefix)))
    .sort()
    .map((file) => join(root, file));
  if (files.length === 0) continue;
  const started = performance.now();
  console.log(`# ${group.name}`);
  const result = await runTestFiles(files, group.concurrency, root);
  console.log(`# ${group.name}: ${((performance.now() - started) / 1000).toFixed(1)} s`);
  passed += result.passed;
  failed += result.failed;
}
// Suites look after what bears their names; this finds the rest. Only somebody alone on the machine can blame the tests for it.
if (process.env['GANTRY_ALONE'] === '1') {
  for (const directory of shared) if (!before.includes(directory)) removeEmpty(directory);
  const left = machineState().filter((line) => !before.includes(line));
  if (left.length > 0) {
    console.log(`FAILED  the tests left on the machine:\n    ${left.join('\n    ')}`);
    failed++;
  }
}
console.log(`${String(passed)} passed, ${String(failed)} failed`);
// At once: what a test has left may hold our pipes.
process.exit(failed === 0 && passed > 0 ? 0 : 1);
