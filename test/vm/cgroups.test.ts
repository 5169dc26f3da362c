// Cgroups of version 2, which the virtual machine has and many a machine that Gantry is built on has not.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { eat, Eater } from '../suites/shim-cgroups/eater.ts';
import { oomCases } from '../suites/shim-cgroups/oom-cases.ts';
import { statsCases } from '../suites/shim-cgroups/stats-cases.ts';

/** Built outside: the compiler takes long in here. */
const program = join(import.meta.dirname, '../../build/vm/cgroup-program');

test('the machine has a version 2 tree alone', () => {
  assert.ok(existsSync('/sys/fs/cgroup/cgroup.controllers'));
});

describe('cgroups of version 2', () => {
  oomCases(program);
  statsCases(program);

  test('a group that is killed as one is one kill', async () => {
    await using eater = await Eater.start(program, `sleep 1000 & sleep 1000 & ${eat}`);
    writeFileSync(join(eater.directory, 'memory.oom.group'), '1');
    assert.equal(await eater.run(), 137);
    await eater.ask('settle', /settled at 1\n/);
    assert.deepEqual(eater.told.slice(2), ['killed', 'settled at 1']);
  });

  test('a kill in a cgroup below is the container’s', async () => {
    await using eater = await Eater.start(program, `read below; (${eat}); read stay`);
    const below = join(eater.directory, 'below');
    mkdirSync(below);
    eater.go();
    writeFileSync(join(below, 'cgroup.procs'), String(eater.pid));
    eater.go();
    await eater.watcher.output(/killed\n/);
    await eater.ask('settle', /settled at 1\n/);
    await eater.end();
    rmdirSync(below);
  });
});
