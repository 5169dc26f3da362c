import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after } from 'node:test';
import { buildShim } from '../../../scripts/build-shim.ts';
import { shims } from './shims.ts';
import { shimSuite } from './shim-suite.ts';

const root = join(import.meta.dirname, '../../..');
const directory = join(root, 'build/shim');
const name = 'containerd-shim-gantry-v2-asan';
const binary = join(directory, name);
const reports = (): string[] => readdirSync(directory).filter((file) => file.startsWith(`${name}.report.`));

for (const file of reports()) rmSync(join(directory, file));
await buildShim({ entry: join(root, 'shim/main.ts'), output: binary, sanitize: true });

after(() => {
  assert.deepEqual(
    reports().map((file) => readFileSync(join(directory, file), 'utf8')),
    [],
  );
});

shimSuite({ ...shims.gantry, name: 'of Gantry under AddressSanitizer and UBSan', binary });
