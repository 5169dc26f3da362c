import { relative } from 'node:path';
import { runTestFile } from './run-test-file.ts';

/** How many tests passed and failed. */
export interface TestCounts {
  passed: number;
  failed: number;
}

/** Runs test files, so many side by side, and prints what came of each as soon as it ends, its path below `root`. */
export async function runTestFiles(files: readonly string[], concurrency: number, root: string): Promise<TestCounts> {
  const total: TestCounts = { passed: 0, failed: 0 };
  const queue = files.values();
  const work = async (): Promise<void> => {
    for (const file of queue) {
      const { passed, failed, failures, output, milliseconds } = await runTestFile(file);
      const path = relative(root, file);
      const seconds = (milliseconds / 1000).toFixed(1);
      if (failed === 0) console.log(`ok      ${path}: ${String(passed)} (${seconds} s)`);
      else {
        console.log(
          `FAILED  ${path}: ${String(failed)} of ${String(passed + failed)} (${seconds} s)\n${failures.join('\n')}`,
        );
        if (output !== '') console.log(`  it wrote:\n${output.replaceAll(/^/gm, '    ')}`);
      }
      total.passed += passed;
      total.failed += failed;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  return total;
}
