import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { readDefinitions, type Definitions } from './definitions.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../../', import.meta.url));
const buf = join(root, 'node_modules/.bin/buf');

/** The oldest first, which a Debian package installs; the newest is what ours are made after. */
const families = [
  { packages: /^containerd\./, oracles: ['containerd-1.9', 'containerd-1.11'] },
  { packages: /^runtimeoptions\./, oracles: ['containerd-1.9', 'containerd-1.11'] },
  { packages: /^runtime\.v1\./, oracles: ['cri-0.36', 'cri-0.37'] },
];

let ours: Definitions;

/** Compiles a directory of definitions; `google/rpc/status.proto`, which nobody ships with theirs, is taken from ours. */
async function compile(directory: string, only?: string): Promise<Definitions> {
  const work = await mkdtemp(join(tmpdir(), 'gantry-definitions-'));
  try {
    await cp(directory, work, { recursive: true });
    await cp(join(root, 'api/proto/google/rpc'), join(work, 'google/rpc'), { recursive: true });
    const image = join(work, 'image.binpb');
    await run(buf, ['build', work, '-o', image, ...(only === undefined ? [] : ['--path', join(work, only)])]);
    return readDefinitions(await readFile(image));
  } finally {
    await rm(work, { recursive: true });
  }
}

function oracle(name: string): string {
  return join(root, '.cache/api-definitions', name);
}

/** Names of enum values are not on the wire and have changed: only the newest must agree on them. */
function differences(expected: Definitions, packages: RegExp, newest: boolean): string[] {
  const wrong: string[] = [];
  for (const [name, definition] of expected) {
    if (!packages.test(name) || isOptionOfGenerator(name)) continue;
    const actual = ours.get(name);
    const agree = actual === definition || (actual !== undefined && !newest && name.includes('#'));
    if (!agree) wrong.push(`${name}: ${actual ?? 'missing'}; should be ${definition}`);
  }
  return wrong;
}

/** What tells containerd's code generator about event filters is never on the wire. */
function isOptionOfGenerator(name: string): boolean {
  return name.startsWith('containerd.types.fieldpath');
}

before(async () => {
  await run(join(root, 'scripts/fetch-api-definitions'));
  ours = await compile(join(root, 'api/proto'));
});

for (const { packages, oracles } of families) {
  for (const name of oracles) {
    test(`our definitions carry all of ${name}, ${packages.source}`, async () => {
      assert.deepEqual(differences(await compile(oracle(name)), packages, name === oracles.at(-1)), []);
    });
  }

  test(`our definitions carry nothing of their own in ${packages.source}`, async () => {
    const known = new Set<string>();
    for (const name of oracles) for (const key of (await compile(oracle(name))).keys()) known.add(key);
    const own = [...ours.keys()].filter((name) => packages.test(name) && !known.has(name));
    assert.deepEqual(own, []);
  });
}

test('ttrpc requests and responses are those of the Go library', async () => {
  const theirs = await compile(oracle('ttrpc'), 'request.proto');
  const fields = (definitions: Definitions, message: string): string[] =>
    [...definitions]
      .filter(([name]) => name.startsWith(`ttrpc.${message}.`))
      // Its status is a copy of google.rpc.Status under another name.
      .map(
        ([name, definition]) =>
          `${name.toLowerCase()}: ${definition.replace(/(?:ttrpc|google\.rpc)\.Status/i, 'Status')}`,
      )
      .sort();
  for (const message of ['Request', 'Response', 'KeyValue']) {
    assert.ok(fields(theirs, message).length > 0, message);
    assert.deepEqual(fields(ours, message), fields(theirs, message));
  }
});
