// Shows the daemon at work with real clients, in a directory of its own: an image is pulled, a container runs on while the daemon
// is killed and started again, and nothing is left. One line a step.
//
//   node scripts/demo.ts [--daemon 2.1.9]     with a real containerd instead of Gantry
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { Ctr } from '../test/lab/ctr.ts';
import { DaemonUnderTest } from '../test/lab/daemon-under-test.ts';
import { images } from '../test/lab/images.ts';
import { OciLayout } from '../test/lab/oci-layout.ts';
import { Registry } from '../test/lab/registry.ts';
import { TemporaryDirectory } from '../test/lab/temporary-directory.ts';

const { values } = parseArgs({ options: { daemon: { type: 'string', default: 'gantry' } } });
const kind = (['gantry', '2.1.9'] as const).find((known) => known === values.daemon);
if (!kind) throw new Error(`unknown daemon "${values.daemon}": gantry or 2.1.9`);

let step = 0;
function say(text: string): void {
  step++;
  console.log(`${String(step).padStart(2)}  ${text}`);
}

/** The numbers that the container printed so far; a last line without its end does not count. */
function numbers(log: string): number[] {
  return readFileSync(log, 'utf8').split('\n').slice(0, -1).map(Number);
}

/** Waits until more than `count` numbers are in the log. */
async function printedMoreThan(log: string, count: number): Promise<number> {
  const watcher = watch(log);
  try {
    while (numbers(log).length <= count) await once(watcher, 'change');
    return numbers(log).length;
  } finally {
    watcher.close();
  }
}

// It prints until it is told to stop, so that no step hangs on how fast the machine is.
const script = 'i=1; until [ -e /demo/stop ]; do echo $i; i=$((i+1)); sleep 0.02; done; exit 42';

async function demo(kind: 'gantry' | '2.1.9', files: string): Promise<void> {
  const name = kind === 'gantry' ? 'Gantry' : `containerd ${kind}`;
  const layout = new OciLayout(join(files, 'layout'));
  await images['lab/busybox:1'](layout);
  say(`made an image of busybox, offline: ${[...layout.images.values()][0]?.digest.slice(0, 19) ?? ''}…`);

  await using registry = await Registry.start();
  const image = await registry.push(layout, 'lab/busybox:1');
  say(`started a real registry and pushed the image: ${image}`);

  await using daemon = await DaemonUnderTest.start({ kind });
  const ctr = new Ctr(daemon, '2.1.9');
  const version = /Server:\s+Version:\s+(\S+)/.exec(await ctr.ok(['version']))?.[1] ?? 'unknown';
  say(`started ${name} (process ${String(daemon.pid)}) in ${daemon.directory}; it says it is ${version}`);

  await ctr.ok(['image', 'pull', '--plain-http', image]);
  say(`pulled the image with Debian's ctr ${ctr.version}: ${(await ctr.ok(['image', 'ls', '-q'])).trim()}`);

  const hello = await ctr.ok(['run', '--rm', image, 'hello', 'echo', 'hello from a container']);
  say(`ran a container in the foreground: "${hello.trim()}"`);

  const log = join(files, 'numbers.log');
  const shared = join(files, 'shared');
  mkdirSync(shared);
  writeFileSync(log, '');
  const mount = `type=bind,src=${shared},dst=/demo,options=rbind:rw`;
  const io = ['--log-uri', `file://${log}`, '--mount', mount];
  await ctr.ok(['run', '-d', ...io, image, 'numbers', 'sh', '-c', script]);
  const before = await printedMoreThan(log, 25);
  say(`started a container in the background that prints numbers; ${String(before)} so far`);

  await daemon.kill('SIGKILL');
  const atKill = numbers(log).length;
  const meanwhile = await printedMoreThan(log, atKill + 25);
  say(
    `killed the daemon with SIGKILL at ${String(atKill)}; the container printed on to ${String(meanwhile)} without it`,
  );

  await daemon.start();
  const found = /numbers\s+(\d+)\s+(\w+)/.exec(await ctr.ok(['task', 'ls']));
  assert.equal(found?.[2], 'RUNNING');
  say(
    `started the daemon again (process ${String(daemon.pid)}); it found the container running as process ${found[1] ?? ''}`,
  );

  const events = await ctr.start(['events']);
  // An event is seen only by who subscribed before; this container's tell that we did.
  do await ctr.ok(['run', '--rm', image, 'again', 'true']);
  while (!events.stdout.includes('again'));
  const last = await printedMoreThan(log, numbers(log).length + 25);
  say(`ran another container beside it; the first one is at ${String(last)}`);

  writeFileSync(join(shared, 'stop'), '');
  await events.output(/\/tasks\/exit .*"numbers".*"exit_status":42/);
  events.kill('SIGTERM');
  await events.exited;
  const all = numbers(log);
  assert.deepEqual(
    all,
    all.map((_, index) => index + 1),
  );
  say(`told it to stop: ctr events showed its exit with 42, and its output is whole, 1 to ${String(all.length)}`);

  const removed = await ctr.run(['task', 'rm', 'numbers']);
  // ctr keeps the code that the daemon delivers to itself unless it is not 0; then it warns.
  assert.match(removed.stderr, /exit with non-zero exit code 42/);
  await ctr.ok(['container', 'rm', 'numbers']);
  await ctr.ok(['image', 'rm', image]);
  say(`removed the task (it exited with 42, says ctr), the container and the image`);
  assert.deepEqual(daemon.leftovers(), []);
}

const temporary = new TemporaryDirectory('gantry-demo-');
try {
  await demo(kind, temporary.path);
  // The daemon's disposal looked for mounts, processes, cgroups and sockets and would have thrown.
  say(`stopped the daemon and the registry; nothing of them is left on the machine`);
} finally {
  temporary[Symbol.dispose]();
}
