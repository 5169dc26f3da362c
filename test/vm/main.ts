// Runs in the virtual machine: the tests that scripts/test-vm.ts bundled, with runc and then with crun in its place. Ends with the
// line `N passed, N failed`.
import { release } from 'node:os';
import { join } from 'node:path';
import { runTestFiles } from '../lab/run-test-files.ts';

/** Cgroups and processes are the kernel's; and containerd 2.1.9 writes specs of a version that crun 1.8.1 does not know. */
const plan = {
  runc: ['cgroups.test.js', 'gone-process.test.js', 'host.test.js', 'shim.test.js'],
  crun: ['shim.test.js'],
};
let passed = 0;
let failed = 0;
for (const [runtime, files] of Object.entries(plan)) {
  console.log(`# ${runtime} on Linux ${release()}`);
  const started = performance.now();
  process.env['LAB_RUNTIME'] = runtime;
  // One after the other, programs are slow enough in here; and told of at once.
  for (const file of files) {
    const counts = await runTestFiles([join(import.meta.dirname, file)], 1, import.meta.dirname);
    passed += counts.passed;
    failed += counts.failed;
  }
  console.log(`# ${runtime}: ${((performance.now() - started) / 1000).toFixed(0)} s`);
}
console.log(`${String(passed)} passed, ${String(failed)} failed`);
// At once: what a test has left may hold our pipes.
process.exit(failed === 0 && passed > 0 ? 0 : 1);
