import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { packAny } from '../../api/any/pack-any.ts';
import { Options } from '../../api/gen/containerd/runc/v1/runc.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import { makeFifo } from '../../pkg/sys/make-fifo.ts';
import { FifoWriter } from '../lab/fifo-ends.ts';
import { peers } from '../lab/peers.ts';
import { chosenShims, tellingFirst } from '../lab/shim-choice.ts';
import { createRequest, endShim, ShimContainer } from '../lab/shim-container.ts';
import { ShimLab } from '../lab/shim-lab.ts';
import { childrenOf } from '../lab/shim-traces.ts';

/** What goes wrong when a runtime is called. */
const faults = ['nonsense', 'silent', 'dies', 'loud', 'log'] as const;
type Fault = (typeof faults)[number] | 'hangs' | 'none';
type Command = 'create' | 'start' | 'exec' | 'kill' | 'delete' | 'pause' | 'resume' | 'ps' | 'update';

/** A runtime that is runc, but for one command. */
class OddRuntime {
  readonly path: string;
  readonly hold: string;

  constructor(directory: string) {
    this.path = join(directory, 'odd-runtime');
    this.hold = `${this.path}.hold`;
    makeFifo(this.hold, 0o600);
    const script = `#!/bin/sh
read -r odd fault <'${this.path}.fault'
log=/dev/null
previous=
for word; do
  if [ "$previous" = --log ]; then log=$word; fi
  previous=$word
  case $word in
  create | start | exec | kill | delete | state | pause | resume | ps | update) command=\${command:-$word} ;;
  esac
done
[ "$command" = "$odd" ] || exec '${peers.runc()}' "$@"
case $fault in
nonsense) head -c 3000 /dev/urandom; head -c 3000 /dev/urandom >&2; exit 1 ;;
silent) exit 0 ;;
dies) kill -9 $$ ;;
loud) head -c 5000000 /dev/zero; head -c 5000000 /dev/zero >&2; exit 3 ;;
log) head -c 1000000 /dev/urandom >"$log"; printf '\\n{"level":"error","msg":7}\\n{"level":"error","msg":"the last' >>"$log"; exit 1 ;;
hangs) read -r line <'${this.hold}'; exit 1 ;;
esac
exec '${peers.runc()}' "$@"
`;
    writeFileSync(this.path, script, { mode: 0o755 });
    this.becomes('none');
  }

  becomes(fault: Fault, command: Command = 'create'): void {
    writeFileSync(`${this.path}.fault`, `${command} ${fault}\n`);
  }
}

/** What a shim must answer whatever a runtime does: yes, or a reason that has a text. */
async function answered(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    assert.ok(error instanceof KindError && error.detail !== '', String(error));
    assert.notEqual(error.kind, 'unavailable', `the shim died: ${error.message}`);
  }
}

for (const shim of chosenShims()) {
  describe(`odd runtimes for ${shim.name}`, () => {
    async function withRuntime(
      work: (lab: ShimLab, runtime: OddRuntime, options: ReturnType<typeof packAny>) => Promise<void>,
    ) {
      await using lab = await ShimLab.open(shim);
      const runtime = new OddRuntime(lab.directory);
      const options = packAny('containerd.runc.v1.Options', Options, Options.fromPartial({ binaryName: runtime.path }));
      await work(lab, runtime, options);
    }

    for (const fault of faults) {
      test(
        `one whose create goes wrong (${fault})`,
        tellingFirst(() =>
          withRuntime(async (lab, runtime, options) => {
            const bundle = lab.bundle();
            const client = await lab.start(bundle, options);
            const pid = await client.pid();
            runtime.becomes(fault);
            await assert.rejects(client.task.create(createRequest(lab, bundle, {}, { options })), KindError);
            assert.equal(await client.pid(), pid);
            assert.deepEqual(childrenOf(pid), []);
            runtime.becomes('none');
            await client.task.create(createRequest(lab, bundle, {}, { options }));
            await client.task.delete({ id: bundle.id, execId: '' });
            await endShim(client, bundle.id);
          }),
        ),
      );

      test(
        `one whose other commands go wrong (${fault})`,
        tellingFirst(() =>
          withRuntime(async (lab, runtime, options) => {
            const container = await ShimContainer.create(lab, {}, { options });
            const { task, id } = container;
            runtime.becomes(fault, 'start');
            await answered(container.start());
            runtime.becomes('none');
            await answered(container.start());
            const execId = await container.addExec({ args: ['/bin/true'] });
            const steps: readonly (readonly [Command, () => Promise<unknown>])[] = [
              ['exec', () => container.start(execId)],
              ['pause', () => task.pause({ id })],
              ['resume', () => task.resume({ id })],
              ['ps', () => task.pids({ id })],
              ['kill', () => container.kill(10)],
              ['kill', () => container.kill(10, { all: true })],
            ];
            for (const [command, step] of steps) {
              runtime.becomes(fault, command);
              await answered(step());
              assert.ok((await task.connect({ id })).shimPid > 1, command);
            }
            runtime.becomes('none');
            await answered(task.resume({ id }));
            await answered(container.delete(execId));
            await container.kill();
            assert.equal(await container.wait(), 137);
            runtime.becomes(fault, 'delete');
            await answered(container.delete());
            runtime.becomes('none');
            await container.end();
            // What the runtime was not let do, the command does.
            assert.equal((await lab.call(container.bundle, 'delete')).code, 0);
            assert.deepEqual(lab.leftovers(), []);
          }),
        ),
      );
    }

    test(
      'one that hangs holds up no other container, and is gone when it ends',
      tellingFirst(() =>
        withRuntime(async (lab, runtime, options) => {
          const annotations = { 'io.containerd.runc.v2.group': lab.namespace };
          lab.track(lab.namespace);
          const other = await ShimContainer.run(lab, { annotations });
          const container = await ShimContainer.run(lab, { annotations }, { options });
          const { task, id } = container;
          runtime.becomes('hangs', 'pause');
          const pausing = task.pause({ id });
          const held = await FifoWriter.open(runtime.hold);
          assert.equal((await task.connect({ id })).taskPid, container.pid);
          assert.equal(await other.exec(['/bin/true']), 0);
          held[Symbol.dispose]();
          await assert.rejects(pausing, KindError);
          assert.equal(await container.exec(['/bin/true']), 0);
          await container.kill();
          await container.wait();
          await container.delete();
          container.shim[Symbol.dispose]();
          await other.end();
          // Some name their socket after the group, and forget it then.
          rmSync(other.shim.path, { force: true });
        }),
      ),
    );
  });
}
