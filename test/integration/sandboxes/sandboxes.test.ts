import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Envelope } from '../../../api/gen/containerd/types/types.ts';
import { kindOf } from '../../../pkg/errors/kind-of.ts';
import { DaemonUnderTest } from '../../lab/daemon-under-test.ts';
import { fileMatches } from '../../lab/file-matches.ts';
import { pathGone } from '../../lab/path-gone.ts';
import { runs } from '../../lab/shim-traces.ts';
import { SandboxAsker } from './sandbox-asker.ts';

const sandboxes = 'io.containerd.sandbox.controller.v1.shim';
const tasks = 'io.containerd.runtime.v2.task';
/** containerd serves its controllers only when the one of the CRI is there, too. Its network configuration stays in the suite's directory. */
const withCri = [
  '/bin/sh',
  '-c',
  `directory=$(dirname "$3")
if ! grep -q conf_dir "$3"; then
  sed -i 's/"io.containerd.cri.v1.images", "io.containerd.cri.v1.runtime", //' "$3"
  printf '[plugins."io.containerd.grpc.v1.cri".cni]\\nconf_dir = "%s/cni"\\n' "$directory" >>"$3"
fi
exec "$@"`,
  'sh',
];

async function askStore({ step, store, sandbox, options }: Asked): Promise<void> {
  await step('get unknown', () => store.get({ sandboxId: 'p1' }, options));
  await step('list none', () => store.list({ filters: [] }, options));
  await step('create', () => store.create({ sandbox: sandbox('p1') }, options));
  await step('create again', () => store.create({ sandbox: sandbox('p1') }, options));
  await step('create bad id', () => store.create({ sandbox: sandbox('p 1') }, options));
  await step('create empty id', () => store.create({ sandbox: sandbox('') }, options));
  await step('no namespace', () => store.create({ sandbox: sandbox('p1') }));
  const labels = new Map([['q.r', '1']]);
  await step('update labels', () =>
    store.update({ sandbox: sandbox('p1', { labels }), fields: ['labels.q.r', 'labels.l'] }, options),
  );
  await step('update all', () => store.update({ sandbox: sandbox('p1', { labels }), fields: [] }, options));
  const runtime = { name: 'other', options: undefined };
  await step('update all with another runtime', () =>
    store.update({ sandbox: sandbox('p1', { runtime }), fields: [] }, options),
  );
  await step('update runtime', () =>
    store.update({ sandbox: sandbox('p1', { runtime }), fields: ['runtime'] }, options),
  );
  await step('update bad path', () => store.update({ sandbox: sandbox('p1'), fields: ['sandboxer'] }, options));
  await step('update unknown', () => store.update({ sandbox: sandbox('p2'), fields: [] }, options));
  await step('get', () => store.get({ sandboxId: 'p1' }, options));
  await store.create({ sandbox: sandbox('p0') }, options);
  await step('list', () => store.list({ filters: [] }, options));
  for (const filter of ['id==p0', 'labels."q.r"==1', 'labels.l', 'sandboxer==shim', 'id=='])
    await step(`list ${filter}`, () => store.list({ filters: [filter] }, options));
  await step('delete', () => store.delete({ sandboxId: 'p1' }, options));
  await step('delete again', () => store.delete({ sandboxId: 'p1' }, options));
  await step('get deleted', () => store.get({ sandboxId: 'p1' }, options));
}

type Asked = ReturnType<typeof asked>;

function asked(asker: SandboxAsker) {
  const { daemon, shim, store, controller, options } = asker;
  return {
    ...{ asker, daemon, shim, store, controller, options, containers: asker.containers, tasks: asker.tasks },
    step: asker.step.bind(asker),
    sandbox: asker.sandbox.bind(asker),
    createSandbox: asker.createSandbox.bind(asker),
    createTask: asker.createTask.bind(asker),
  };
}

const shimOf = (sandboxId: string) => ({ sandboxId, sandboxer: 'shim' });

async function askController({ asker, step, controller, createSandbox, options, daemon }: Asked): Promise<void> {
  await step('no sandboxer', () => createSandbox('p1', { sandboxer: '' }));
  await step('unknown sandboxer', () => createSandbox('p1', { sandboxer: 'nobody' }));
  await step('create', () => createSandbox('p1'));
  await step('create again', () => createSandbox('p1'));
  const bundle = join(daemon.state, sandboxes, daemon.namespace, 'p1');
  asker.note('bundle', readdirSync(bundle).sort());
  asker.note('spec', readFileSync(join(bundle, 'config.json'), 'utf8'));
  await step('status', () => controller.status({ ...shimOf('p1'), verbose: false }, options));
  await step('start', () => controller.start(shimOf('p1'), options));
  await step('status', () => controller.status({ ...shimOf('p1'), verbose: true }, options));
  await step('metrics', () => controller.metrics(shimOf('p1'), options));
  await step('update', () => controller.update({ ...shimOf('p1'), sandbox: asker.sandbox('p1'), fields: [] }, options));
  const waiting = controller.wait(shimOf('p1'), options);
  await step('stop', () => controller.stop({ ...shimOf('p1'), timeoutSecs: 3 }, options));
  await step('wait', () => waiting);
  await step('shutdown', () => controller.shutdown(shimOf('p1'), options));
  asker.note('bundle is there', existsSync(bundle));
  await step('status unknown', () => controller.status({ ...shimOf('p1'), verbose: false }, options));
  await step('stop unknown', () => controller.stop({ ...shimOf('p1'), timeoutSecs: 3 }, options));
  await step('wait unknown', () => controller.wait(shimOf('p1'), options));
  await step('shutdown unknown', () => controller.shutdown(shimOf('p1'), options));
  await step('metrics unknown', () => controller.metrics(shimOf('p1'), options));
  await step('create that fails', () => createSandbox('nocreate'));
  await step('create to fail at start', () => createSandbox('nostart'));
  await step('start that fails', () => controller.start(shimOf('nostart'), options));
  await step('status after it', () => controller.status({ ...shimOf('nostart'), verbose: false }, options));
  asker.note('bundles', readdirSync(join(daemon.state, sandboxes, daemon.namespace)));
}

async function askTasks(asking: Asked): Promise<void> {
  const { asker, step, store, controller, createSandbox, createTask, options, daemon, sandbox } = asking;
  await store.create({ sandbox: sandbox('p2') }, options);
  await step('task in a sandbox that does not run', () => createTask('c0', 'p2'));
  await createSandbox('p2');
  await controller.start(shimOf('p2'), options);
  await step('task', () => createTask('c1', 'p2'));
  const bundle = join(daemon.state, tasks, daemon.namespace, 'c1');
  asker.note('sandbox', readFileSync(join(bundle, 'sandbox'), 'utf8'));
  const bootstrap = (path: string): unknown => JSON.parse(readFileSync(join(path, 'bootstrap.json'), 'utf8'));
  assert.deepEqual(bootstrap(bundle), bootstrap(join(daemon.state, sandboxes, daemon.namespace, 'p2')));
  await step('start', () => asking.tasks.start({ containerId: 'c1', execId: '' }, options));
  await daemon.crashAndRestart();
  await step('status', () => controller.status({ ...shimOf('p2'), verbose: false }, options));
  await step('get', () => asking.tasks.get({ containerId: 'c1', execId: '' }, options));
  await step('kill', () => asking.tasks.kill({ containerId: 'c1', execId: '', signal: 9, all: false }, options));
  await step('wait', () => asking.tasks.wait({ containerId: 'c1', execId: '' }, options));
  await step('delete', () => asking.tasks.delete({ containerId: 'c1' }, options));
  // The task's deletion is answered before.
  await pathGone(bundle);
  await step('status without tasks', () => controller.status({ ...shimOf('p2'), verbose: false }, options));
  await daemon.crashAndRestart();
  await step('status after another crash', () => controller.status({ ...shimOf('p2'), verbose: false }, options));
  await step('shutdown', () => controller.shutdown(shimOf('p2'), options));
}

/** containerd 2.1.9 leaves such shims behind. */
async function askUnknown({ step, createTask, tasks, options, shim }: Asked): Promise<void> {
  const asked = shim.calls.length;
  await step('task of a sandbox without a record', () => createTask('c2', 'nobody'));
  await step('kill', () => tasks.kill({ containerId: 'c2', execId: '', signal: 9, all: false }, options));
  await step('delete', () => tasks.delete({ containerId: 'c2' }, options));
  // The shim is told to end behind the answer.
  await fileMatches(shim.callsFile, new RegExp(`(?<![^])(?:.*\\n){${asked}}[^]*\\bShutdown\\b`));
  const calls = shim.calls.slice(asked).map((call) => call.split(' ')[0]);
  assert.deepEqual(calls, ['start', 'Create', 'Delete', 'Shutdown']);
}

describe('sandboxes, as containerd serves them', () => {
  const peers: Asked[] = [];
  before(async () => {
    for (const kind of ['2.1.9', 'gantry'] as const) {
      const daemon = await DaemonUnderTest.start(kind === 'gantry' ? { kind } : { kind, launcher: withCri });
      peers.push(asked(new SandboxAsker(daemon)));
    }
  });
  after(async () => {
    for (const { asker, daemon } of peers) {
      await asker[Symbol.asyncDispose]();
      await daemon[Symbol.asyncDispose]();
    }
  });
  const compare = async (ask: (asking: Asked) => Promise<void>): Promise<void> => {
    for (const asking of peers) {
      await ask(asking);
      asking.asker.noteCalls();
    }
    const [theirs, ours] = peers.map(({ asker }) => asker.steps.splice(0));
    assert.deepEqual(ours, theirs);
  };

  it('the store', () => compare(askStore));
  it('the controller', () => compare(askController));
  it('tasks in sandboxes, over restarts of the daemon', () => compare(askTasks));
  it('a task of a sandbox without a record has a shim of its own', async () => {
    const ours = peers.find(({ daemon }) => daemon.kind === 'gantry');
    assert.ok(ours);
    await askUnknown(ours);
    assert.equal(ours.asker.steps.splice(0).length, 3);
    ours.asker.noteCalls();
    ours.asker.steps.length = 0;
  });
  it('a sandbox that nobody got to know of does not outlive the daemon', async () => {
    const ours = peers.find(({ daemon }) => daemon.kind === 'gantry');
    assert.ok(ours);
    const { asker, createSandbox, controller, options, daemon, shim } = ours;
    await createSandbox('p5');
    const pid = shim.pid('p5');
    await daemon.crashAndRestart();
    // Whoever takes the name waits until it is free.
    await createSandbox('p5');
    assert.ok(!runs(pid));
    await controller.shutdown(shimOf('p5'), options);
    asker.noteCalls();
    asker.steps.length = 0;
  });
  it('a sandbox whose shim dies', () =>
    compare(async ({ asker, shim, step, controller, createSandbox, options, daemon }) => {
      const stop = new AbortController();
      const events = asker.subscribe(stop.signal);
      const first = events.next();
      await createSandbox('p3');
      await controller.start(shimOf('p3'), options);
      const topicOf = ({ value }: IteratorResult<Envelope, undefined>): string => value?.topic ?? '';
      const seen = [topicOf(await first)];
      process.kill(shim.pid('p3'), 'SIGKILL');
      while (seen.at(-1) !== '/tasks/delete') seen.push(topicOf(await events.next()));
      stop.abort();
      asker.note('events', seen);
      const status = () => controller.status({ ...shimOf('p3'), verbose: false }, options);
      // containerd tells of the end a moment before it lets go of the shim; its calls fail until then.
      const fails = () =>
        status().then(
          () => false,
          (error: unknown) => kindOf(error) === 'unknown',
        );
      while (daemon.kind !== 'gantry' && (await fails())) continue;
      await step('status', status);
      await step('create again', () => createSandbox('p3'));
      await step('shutdown', () => controller.shutdown(shimOf('p3'), options));
    }));
});
