import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Child } from '../../lab/child.ts';
import { eat, Eater } from './eater.ts';

/** What must hold of a watch for kills, whatever the version of the machine's cgroups. @param program `cgroup-program.ts` as it was built */
export function oomCases(program: string): void {
  test('the kill of a process has been told of once it is settled after its exit, and once only', async () => {
    await using eater = await Eater.start(program, eat);
    assert.equal(await eater.run(), 137);
    await eater.ask('settle', /settled at 1\n/);
    assert.deepEqual(eater.told.slice(2), ['killed', 'settled at 1']);
    await eater.ask('settle', /settled at 1\nsettled at 1\n/);
  });

  test('kills of children are told of, one by one, while the container lives on', async () => {
    await using eater = await Eater.start(program, `for i in 1 2 3 4 5 6 7; do (${eat}); echo $?; done; read stay`);
    eater.go();
    await eater.watcher.output(/(killed\n){7}/);
    await eater.ask('settle', /settled at 7\n/);
    assert.deepEqual(eater.told.slice(2), [...Array<string>(7).fill('killed'), 'settled at 7']);
  });

  test('an exit that looks like a kill is none', async () => {
    await using eater = await Eater.start(program, 'exit 137');
    assert.equal(await eater.run(), 137);
    await eater.ask('settle', /settled at 0\n/);
    assert.deepEqual(eater.told.slice(2), ['settled at 0']);
  });

  test('kills before the watch are the predecessor’s', async () => {
    await using eater = await Eater.start(program, `(${eat}); echo eaten; read stay`);
    eater.go();
    await eater.watcher.output(/killed\n/);
    const successor = await Child.start(program, [], { interactive: true });
    successor.write(`watch ${eater.pid}\nsettle\n`);
    await successor.output(/settled at 1\n/);
    successor.closeInput();
    assert.deepEqual((await successor.exited).stdout, 'watching\nsettled at 1\n');
  });

  test('the end of the watch, and the removal of the cgroup, free all descriptors', async () => {
    const open = /descriptors: \d+/g;
    for (const end of ['end', 'removal'] as const) {
      await using eater = await Eater.start(program, 'exit 3');
      await eater.run();
      if (end === 'end') await eater.ask('end', /ended\n/);
      else eater.remove();
      await eater.ask('settle', /settled at/);
      await eater.ask('descriptors', /settled at.*\ndescriptors: \d+\n/);
      const [before, after] = eater.watcher.stdout.match(open) ?? [];
      assert.equal(after, before, end);
      assert.ok(!eater.told.includes('killed'));
    }
  });

  test('a process without a cgroup of its own is not watched: what happens in ours is none of its doing', async () => {
    const asker = await Child.start(program, [], { interactive: true });
    asker.write(`descriptors\nwatch ${asker.pid}\ndescriptors\n`);
    asker.closeInput();
    const { stdout } = await asker.exited;
    const [before, after] = stdout.match(/descriptors: \d+/g) ?? [];
    assert.ok(before !== undefined);
    assert.equal(after, before);
  });
}
