import assert from 'node:assert/strict';
import { readlinkSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { ErrorKind } from '../../../../pkg/errors/error-kind.ts';
import { KindError } from '../../../../pkg/errors/kind-error.ts';
import type { TaskTimeouts } from '../../../../services/tasks/task-timeouts.ts';
import type { Task } from '../../../../services/tasks/task.ts';
import { faultyTaskShim, type ShimFault } from '../../../lab/faulty-task-shim-script.ts';
import { fieldsFor, patience, RuntimeUnderTest } from './runtime-under-test.ts';

const scope = { namespace: 'default' };
const id = 'c1';

/** What a shim may do wrong, and what its clients are told of it. */
const faults: readonly [ShimFault, readonly ErrorKind[]][] = [
  ['hangs', ['deadline-exceeded']],
  ['dies', ['not-found']],
  ['hangs-up', ['not-found']],
  ['garbage', ['unavailable', 'not-found']],
  ['no-message', ['internal']],
  ['wrong-type', ['internal']],
  ['huge', ['resource-exhausted']],
];

const methods: readonly [string, (lab: RuntimeUnderTest, task: Task) => Promise<unknown>][] = [
  ['Start', (_lab, task) => task.call('start', { id, execId: '' })],
  ['State', (_lab, task) => task.call('state', { id, execId: '' })],
  ['Kill', (_lab, task) => task.call('kill', { id, execId: '', signal: 9, all: false })],
  ['Delete', (lab) => lab.runtime.delete(scope, id)],
];

/** Milliseconds until what is left of a shim that hangs is taken away without it. */
const cleanupLimit = 2000;

/** Short where a shim is known to hang, so that nobody waits. */
const limitsFor = (fault: ShimFault, method: string): Partial<TaskTimeouts> => {
  // What comes after the head of a huge answer is taken for its rest.
  if (fault === 'huge') return { cleanup: cleanupLimit };
  if (fault !== 'hangs' && fault !== 'stays') return {};
  const limit = { Create: 'create', Start: 'create', State: 'state', Connect: 'load', Shutdown: 'shutdown' }[method];
  return method === 'Wait' ? {} : { [limit ?? 'call']: 1000, cleanup: cleanupLimit };
};

function shimOf(lab: RuntimeUnderTest, name: string): number {
  const pid = lab.processes().find((each) => worksIn(each).endsWith(`/${name}`));
  assert.ok(pid !== undefined, `a shim works in the bundle of ${name}`);
  return pid;
}

/** Empty for one that has ended meanwhile. */
function worksIn(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return '';
  }
}

/** A shim that cannot be spoken to any more is taken away; the task of another goes when its shim is killed. Then the name is free. */
async function endOf(lab: RuntimeUnderTest, task: Task, fault: ShimFault): Promise<void> {
  if (!['dies', 'hangs-up', 'garbage'].includes(fault)) process.kill(shimOf(lab, id), 'SIGKILL');
  assert.equal((await task.gone)?.exitStatus, 137);
  const fields = fieldsFor(faultyTaskShim(lab.directory, '', 'hangs'));
  // The name is free, and who takes it waits for the remains.
  await lab.runtime.create(scope, id, fields);
  await lab.runtime.delete(scope, id);
}

for (const [method, call] of methods) {
  describe(`a shim that is asked to ${method}`, () => {
    // A shim that dies in a delete has deleted: how the task ended is known, and that is the answer.
    for (const [fault, kinds] of faults.filter(([, [kind]]) => method !== 'Delete' || kind !== 'not-found')) {
      test(`and ${fault} gives an error that names the task, and disturbs nobody`, async () => {
        await using lab = new RuntimeUnderTest();
        await lab.runtime.create(scope, 'other', fieldsFor(faultyTaskShim(lab.directory, '', 'hangs')));
        const task = await lab.runtime.create(scope, id, fieldsFor(faultyTaskShim(lab.directory, method, fault)));
        const limits = limitsFor(fault, method);
        lab.limit(limits);
        const failure = await call(lab, task).then(
          () => assert.fail('it is told to have worked'),
          (error: unknown) => error,
        );
        lab.limit({ cleanup: limits.cleanup ?? patience.cleanup });
        assert.ok(failure instanceof KindError && kinds.includes(failure.kind), String(failure));
        assert.match(failure.message, /"c1"/);
        assert.equal((await lab.runtime.get(scope, 'other').call('state', { id: 'other', execId: '' })).status, 1);
        await endOf(lab, task, fault);
        await lab.runtime.delete(scope, 'other');
        await lab.gone(id, 'other');
        assert.deepEqual(lab.processes(), []);
        assert.deepEqual(lab.remains(), []);
      });
    }
  });
}

test('a shim that stays when it was asked to end, and said that it would, is ended', async () => {
  await using lab = new RuntimeUnderTest(limitsFor('stays', 'Shutdown'));
  await lab.runtime.create(scope, id, fieldsFor(faultyTaskShim(lab.directory, 'Shutdown', 'stays')));
  await lab.runtime.delete(scope, id);
  await lab.gone(id);
  assert.deepEqual(lab.processes(), []);
  assert.deepEqual(lab.remains(), []);
});

for (const [fault] of faults) {
  test(`a shim that ${fault} when it is asked to wait tells nothing, and its death tells the end`, async () => {
    await using lab = new RuntimeUnderTest(limitsFor(fault, 'Wait'));
    const task = await lab.runtime.create(scope, id, fieldsFor(faultyTaskShim(lab.directory, 'Wait', fault)));
    const wait = task.wait('');
    // What can be told at once is an error of the call; a shim that hangs or goes is known by its end.
    const answered = ['no-message', 'wrong-type', 'huge', 'garbage'].includes(fault);
    if (answered) await assert.rejects(wait, KindError);
    await endOf(lab, task, fault);
    if (!answered) assert.equal((await wait).exitStatus, 137);
    await lab.gone(id);
    assert.deepEqual(lab.processes(), []);
    assert.deepEqual(lab.remains(), []);
  });

  test(`a shim that ${fault} when it is asked to create leaves nothing`, async () => {
    await using lab = new RuntimeUnderTest(limitsFor(fault, 'Create'));
    const shim = faultyTaskShim(lab.directory, 'Create', fault);
    await assert.rejects(lab.runtime.create(scope, id, fieldsFor(shim)), KindError);
    await lab.gone(id);
    assert.deepEqual(lab.processes(), []);
    assert.deepEqual(lab.remains(), []);
  });

  test(`a shim that ${fault} when it is asked to shut down is taken away after its delete`, async () => {
    await using lab = new RuntimeUnderTest(limitsFor(fault, 'Shutdown'));
    await lab.runtime.create(scope, id, fieldsFor(faultyTaskShim(lab.directory, 'Shutdown', fault)));
    assert.equal((await lab.runtime.delete(scope, id)).exitStatus, 137);
    await lab.gone(id);
    assert.deepEqual(lab.processes(), []);
    assert.deepEqual(lab.remains(), []);
  });

  test(`a shim that ${fault} when it is connected to after a restart is taken away, with exit and delete events`, async () => {
    await using lab = new RuntimeUnderTest(limitsFor(fault, 'Connect'));
    await lab.load();
    await lab.runtime.create(scope, id, fieldsFor(faultyTaskShim(lab.directory, 'Connect', fault)));
    await lab.restart();
    assert.deepEqual(lab.runtime.list('default'), []);
    await lab.runtime[Symbol.asyncDispose]();
    assert.deepEqual(lab.processes(), []);
    assert.deepEqual(lab.remains(), []);
    const topics = lab.events.map(({ topic }) => topic);
    assert.deepEqual(topics, ['/tasks/exit', '/tasks/delete']);
  });
}
