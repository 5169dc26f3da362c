import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from 'node:test';
import { packAny } from '../../../api/any/pack-any.ts';
import { fromTimestamp } from '../../../api/time/from-timestamp.ts';
import { Options } from '../../../api/gen/containerd/runc/v1/runc.ts';
import { Status } from '../../../api/gen/containerd/v1/types/types.ts';
import { peers } from '../../lab/peers.ts';
import { editSpec } from '../../lab/shim-bundle.ts';
import { ShimClient } from '../../lab/shim-client.ts';
import { createRequest, endShim, ShimContainer } from '../../lab/shim-container.ts';
import { ShimLab } from '../../lab/shim-lab.ts';
import { runs } from '../../lab/shim-traces.ts';
import { ociRuntime } from './oci-runtime.ts';
import { notFound, refused, wrongState } from './refusals.ts';
import { shimTest, type ShimUnderTest } from './shim-under-test.ts';

/** Mount points below a directory. */
function mountsBelow(directory: string): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((point) => point.startsWith(`${directory}/`));
}

function runcOptions(options: Partial<Options>) {
  return packAny('containerd.runc.v1.Options', Options, Options.fromPartial(options));
}

/** Create, Start, State, Wait, Delete, Shutdown, Connect: a container's life, and what is refused when. */
export function lifecycleArea(shim: ShimUnderTest): void {
  describe('life of a container', () => {
    for (const version of shim.supports.apiVersions) {
      shimTest(`is told step by step over version ${version} of the API`, async () => {
        await using lab = await ShimLab.open(shim);
        const container = await ShimContainer.create(lab, {}, { version });
        const { id, pid, task, bundle } = container;
        assert.ok(pid > 1);
        const created = await container.state();
        assert.deepEqual(
          [created.id, created.bundle, created.pid, created.status, created.exitStatus, created.terminal],
          [id, bundle.path, pid, Status.CREATED, 0, false],
        );
        assert.equal(readFileSync(join(bundle.path, 'init.pid'), 'utf8'), String(pid));
        assert.deepEqual(mountsBelow(bundle.path), [join(bundle.path, 'rootfs')]);
        assert.equal(await container.start(), pid);
        assert.equal((await container.state()).status, Status.RUNNING);
        const { shimPid, taskPid } = await task.connect({ id });
        assert.deepEqual([shimPid === process.pid, taskPid], [false, pid]);
        const waiting = [task.wait({ id, execId: '' }), task.wait({ id, execId: '' })] as const;
        await container.kill();
        const [first, second] = await Promise.all(waiting);
        assert.deepEqual(first, second);
        assert.equal(first.exitStatus, 137);
        const stopped = await container.state();
        assert.deepEqual([stopped.status, stopped.exitStatus, stopped.pid], [Status.STOPPED, 137, pid]);
        assert.deepEqual(stopped.exitedAt, first.exitedAt);
        assert.equal(existsSync(`/proc/${pid}`), false);
        assert.deepEqual(await task.wait({ id, execId: '' }), first);
        const deleted = await task.delete({ id, execId: '' });
        assert.deepEqual([deleted.pid, deleted.exitStatus], [pid, 137]);
        assert.deepEqual(deleted.exitedAt, first.exitedAt);
        assert.deepEqual(mountsBelow(bundle.path), []);
        await assert.rejects(container.state(), notFound());
        await endShim(container.shim, id);
        assert.deepEqual(lab.leftovers(), []);
      });
    }

    shimTest('exit statuses are those of the process, or 128 and the signal', async () => {
      await using lab = await ShimLab.open(shim);
      const scripts = new Map([
        ['exit 0', 0],
        ['exit 7', 7],
        ['exit 255', 255],
        ['kill -9 $$', 0],
        ['trap "exit 3" TERM; kill -15 $$', 3],
      ]);
      for (const [script, status] of scripts) {
        // The first process of a pid namespace cannot kill itself.
        const args = ['/bin/sh', '-c', script];
        const container = await ShimContainer.run(lab, { args, hostPid: script.includes('kill -9') });
        const expected = script.includes('kill -9') ? 137 : status;
        assert.equal(await container.wait(), expected, script);
        assert.equal(await container.delete(), expected, script);
        await endShim(container.shim, container.id);
      }
    });

    shimTest('a process that ends at once is not missed', async () => {
      await using lab = await ShimLab.open(shim);
      await Promise.all(
        Array.from({ length: 4 }, async () => {
          for (let round = 0; round < 5; round++) {
            const container = await ShimContainer.create(lab, { args: ['/bin/true'] });
            const early = round % 2 === 0 ? container.wait() : undefined;
            assert.equal(await container.start(), container.pid);
            assert.equal(await container.wait(), 0);
            assert.equal(await (early ?? container.wait()), 0);
            assert.equal((await container.state()).status, Status.STOPPED);
            assert.equal(await container.delete(), 0);
            await endShim(container.shim, container.id);
          }
        }),
      );
    });

    shimTest('the time of an exit is when it was', async () => {
      await using lab = await ShimLab.open(shim);
      const container = await ShimContainer.run(lab);
      const before = BigInt(Date.now()) * 1_000_000n;
      await container.kill();
      const { exitedAt } = await container.task.wait({ id: container.id, execId: '' });
      const at = fromTimestamp(exitedAt);
      assert.ok(at >= before && at <= BigInt(Date.now() + 1) * 1_000_000n);
      await container.end();
    });

    shimTest('what is created and never started can be killed, and deleted', async () => {
      await using lab = await ShimLab.open(shim);
      const killed = await ShimContainer.create(lab);
      await killed.kill();
      assert.equal(await killed.wait(), 137);
      assert.equal(await killed.delete(), 137);
      await endShim(killed.shim, killed.id);
      const deleted = await ShimContainer.create(lab);
      await deleted.delete();
      await assert.rejects(deleted.state(), notFound());
      assert.equal(runs(deleted.pid), false);
      await endShim(deleted.shim, deleted.id);
    });

    shimTest('what is not there is not found, whatever is asked of it', async () => {
      await using lab = await ShimLab.open(shim);
      const container = await ShimContainer.create(lab);
      const { task } = container;
      for (const id of ['nobody', '']) {
        const calls: (() => Promise<unknown>)[] = [
          () => task.start({ id, execId: '' }),
          () => task.state({ id, execId: '' }),
          () => task.wait({ id, execId: '' }),
          () => task.delete({ id, execId: '' }),
          () => task.kill({ id, execId: '', signal: 9, all: false }),
          () => task.pids({ id }),
          () => task.pause({ id }),
          () => task.resume({ id }),
          () => task.stats({ id }),
          () => task.closeIO({ id, execId: '', stdin: true }),
          () => task.resizePty({ id, execId: '', width: 1, height: 1 }),
          () => task.exec({ id, execId: 'e', terminal: false, stdin: '', stdout: '', stderr: '', spec: undefined }),
          () => task.update({ id, resources: undefined, annotations: new Map() }),
          () => task.checkpoint({ id, path: '', options: undefined }),
        ];
        for (const call of calls) await assert.rejects(call, notFound(), String(call));
      }
      assert.equal((await task.connect({ id: 'nobody' })).taskPid, 0);
      await container.end();
    });

    shimTest('nothing is started or created twice, and nothing deleted that runs', async () => {
      await using lab = await ShimLab.open(shim);
      const container = await ShimContainer.run(lab);
      const { task, bundle } = container;
      await assert.rejects(container.start(), wrongState(/cannot start a running process/));
      await assert.rejects(container.delete(), wrongState(/cannot delete a running process/));
      await assert.rejects(
        task.create(createRequest(lab, bundle, {}, {})),
        refused(/already exists|given id/i, 'unknown', 'already-exists'),
      );
      // And it lives.
      assert.equal(await container.exec(['/bin/true']), 0);
      await container.kill();
      assert.equal(await container.wait(), 137);
      await assert.rejects(container.start(), wrongState(/cannot start a (?:stopped|deleted) process/));
      await container.end();
    });

    shimTest('Shutdown ends no shim that has a task, and one without whose tasks are deleted', async () => {
      await using lab = await ShimLab.open(shim);
      const container = await ShimContainer.run(lab);
      await container.task.shutdown({ id: container.id, now: false });
      assert.equal((await container.state()).status, Status.RUNNING);
      await container.end();
    });
  });

  describe('a create that fails', () => {
    shimTest("gives the runtime's own words, and leaves nothing but a shim that can create", async () => {
      await using lab = await ShimLab.open(shim);
      const bundle = lab.bundle({ args: ['/no/such/program'] });
      using client = await lab.start(bundle);
      const create = () => client.task.create(createRequest(lab, bundle, {}, {}));
      await assert.rejects(create(), refused(ociRuntime.noProgram.create, 'unknown', 'not-found', 'invalid-argument'));
      await assert.rejects(client.task.state({ id: bundle.id, execId: '' }), notFound());
      assert.deepEqual(mountsBelow(bundle.path), []);
      editSpec(bundle, (spec) => {
        spec['process'] = { ...(spec['process'] as object), args: ['/bin/true'] };
      });
      await create();
      await client.task.delete({ id: bundle.id, execId: '' });
      await endShim(client, bundle.id);
    });

    shimTest('for a spec that is none, a runtime that is none, a mount that cannot be', async () => {
      await using lab = await ShimLab.open(shim);
      const fails = async (
        text: RegExp,
        prepare: (bundle: ReturnType<typeof lab.bundle>) => Parameters<typeof createRequest>[3],
      ): Promise<void> => {
        const bundle = lab.bundle();
        const options = prepare(bundle);
        const client = await lab.start(bundle).catch((error: unknown) => error);
        if (!(client instanceof ShimClient)) {
          // Some read the spec before they run.
          assert.match(String(client), text);
          return;
        }
        const created = client.task.create(createRequest(lab, bundle, {}, options));
        const kinds = ['unknown', 'not-found', 'invalid-argument', 'failed-precondition', 'internal'] as const;
        await assert.rejects(created, refused(text, ...kinds));
        assert.deepEqual(mountsBelow(bundle.path), []);
        await endShim(client, bundle.id);
      };
      await fails(/config|JSON|json|spec|invalid character|EOF/, (bundle) => {
        writeFileSync(join(bundle.path, 'config.json'), '{"ociVersion": "1.0.2", ');
        return {};
      });
      await fails(/config\.json|no such file/, (bundle) => {
        rmSync(join(bundle.path, 'config.json'));
        return {};
      });
      await fails(/no\/such\/runc/, () => ({ options: runcOptions({ binaryName: '/no/such/runc' }) }));
      await fails(/no such file|not found/, () => ({
        rootfs: [{ type: 'bind', source: '/no/such/directory', options: ['rbind'] }],
      }));
      await fails(/no such device|nonesuch/, () => ({
        rootfs: [{ type: 'nonesuch', source: 'none', options: [] }],
      }));
    });
  });

  describe('what a container is made of', () => {
    shimTest('mounts over mounts, which go when it is deleted', async () => {
      await using lab = await ShimLab.open(shim);
      const place = (name: string): string => {
        const path = join(lab.directory, name);
        mkdirSync(path);
        return path;
      };
      const [upper, work] = [place('upper'), place('work')];
      const layers = [`lowerdir=${lab.rootfs}`, `upperdir=${upper}`, `workdir=${work}`];
      const rootfs = [{ type: 'overlay', source: 'overlay', options: ['index=off', ...layers] }];
      const args = ['/bin/sh', '-c', 'echo written >/tmp/file'];
      const container = await ShimContainer.run(lab, { args }, { rootfs });
      assert.equal(await container.wait(), 0);
      assert.deepEqual(mountsBelow(container.bundle.path), [join(container.bundle.path, 'rootfs')]);
      await container.end();
      assert.equal(readFileSync(join(upper, 'tmp', 'file'), 'utf8'), 'written\n');
      assert.equal(existsSync(join(lab.rootfs, 'tmp', 'file')), false);
    });

    shimTest('a root filesystem that is there already is nobody to unmount', async () => {
      await using lab = await ShimLab.open(shim);
      const container = await ShimContainer.run(lab, { root: lab.rootfs, args: ['/bin/true'] }, { rootfs: [] });
      assert.equal(await container.wait(), 0);
      await container.end();
      assert.ok(existsSync(join(lab.rootfs, 'bin', 'busybox')));
    });

    shimTest('the runtime and its root that the options name', async () => {
      await using lab = await ShimLab.open(shim);
      const root = join(lab.directory, 'runc-root');
      const called = join(lab.directory, 'called');
      const binaryName = join(lab.directory, 'my-runc');
      writeFileSync(binaryName, `#!/bin/sh\necho "$@" >>'${called}'\nexec '${peers.runc()}' "$@"\n`, { mode: 0o755 });
      const container = await ShimContainer.run(lab, {}, { options: runcOptions({ root, binaryName }) });
      assert.ok(existsSync(join(root, lab.namespace, container.id, ociRuntime.stateFile)));
      await container.end();
      const calls = readFileSync(called, 'utf8');
      for (const command of ['create', 'start', 'kill', 'delete']) assert.match(calls, new RegExp(` ${command} `));
      assert.equal(existsSync(join(root, lab.namespace, container.id)), false);
    });
  });
}
