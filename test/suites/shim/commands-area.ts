import assert from 'node:assert/strict';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe } from 'node:test';
import { packAny } from '../../../api/any/pack-any.ts';
import { fromTimestamp } from '../../../api/time/from-timestamp.ts';
import { Options } from '../../../api/gen/containerd/runc/v1/runc.ts';
import { DeleteResponse } from '../../../api/gen/containerd/task/v3/task.ts';
import { Any } from '../../../api/gen/google/protobuf/any.ts';
import { parseBootstrapReply } from '../../../services/tasks/bootstrap-reply.ts';
import { computedSocket, defaultSocketDirectory } from '../../../services/tasks/shim-address.ts';
import { runProgram } from '../../lab/run-program.ts';
import { processEnded } from '../../lab/process-ended.ts';
import { ShimClient } from '../../lab/shim-client.ts';
import { endShim, ShimContainer } from '../../lab/shim-container.ts';
import { ShimLab } from '../../lab/shim-lab.ts';
import { descriptorsOf } from '../../lab/shim-traces.ts';
import { shimTest, type ShimUnderTest } from './shim-under-test.ts';

function runcOptions(options: Partial<Options>): Any {
  return packAny('containerd.runc.v1.Options', Options, Options.fromPartial(options));
}

/** The process group and the session of a process. */
function groupOf(pid: number): { group: number; session: number } {
  const [, , group, session] = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/.*\) /, '').split(' ').map(Number);
  return { group: group ?? -1, session: session ?? -1 };
}

/** The commands of the binary: API between a daemon and a program that it starts. */
export function commandsArea(shim: ShimUnderTest): void {
  describe('commands', () => {
    shimTest('-v tells a version', async () => {
      const { code, stdout } = await runProgram(shim.binary, ['-v']);
      assert.equal(code, 0);
      assert.match(stdout, /Version: +\S+/);
    });

    for (const [form, input] of [
      ['BootstrapParams', (lab: ShimLab, id: string) => lab.bootstrapParams({ id, path: '', process: {} })],
      [
        'BootstrapParams with options',
        (lab: ShimLab, id: string) =>
          lab.bootstrapParams({ id, path: '', process: {} }, runcOptions({ binaryName: 'runc' })),
      ],
      ['bare options', () => Any.encode(runcOptions({ binaryName: 'runc' })).finish()],
      ['nothing', () => new Uint8Array()],
    ] as const) {
      if (form.startsWith('Boot') && !shim.bootstrapParams) continue;
      shimTest(`start, given ${form}, answers with a socket that is its own and serves`, async () => {
        await using lab = await ShimLab.open(shim);
        const bundle = lab.bundle();
        const answer = await lab.call(bundle, 'start', input(lab, bundle.id));
        assert.deepEqual([answer.code, answer.stderr], [0, '']);
        const address = parseBootstrapReply(answer.stdout);
        const path = computedSocket(defaultSocketDirectory, lab.address, lab.namespace, bundle.id);
        assert.equal(address.address, `unix://${path}`);
        assert.equal(address.protocol, 'ttrpc');
        assert.ok(
          shim.supports.apiVersions.some((version) => version === address.version),
          `version ${address.version}`,
        );
        assert.equal(statSync(path).mode & 0o777, 0o600);
        using client = await ShimClient.dial(address, lab.namespace);
        assert.equal((await client.task.connect({ id: bundle.id })).taskPid, 0);
        await endShim(client, bundle.id);
        assert.equal(existsSync(path), false);
      });
    }

    shimTest('start for a container that has a shim answers with that shim', async () => {
      await using lab = await ShimLab.open(shim);
      const container = await ShimContainer.run(lab);
      using second = await lab.start(container.bundle);
      assert.deepEqual(second.address, container.shim.address);
      assert.equal(await second.pid(), await container.shim.pid());
      assert.equal((await second.task.connect({ id: container.id })).taskPid, container.pid);
      await container.end();
    });

    shimTest('start takes the place of a shim that died', async () => {
      await using lab = await ShimLab.open(shim);
      const bundle = lab.bundle();
      const first = await lab.start(bundle);
      const pid = await first.pid();
      process.kill(pid, 'SIGKILL');
      await processEnded(pid);
      await first.closed;
      assert.ok(existsSync(first.path));
      const second = await lab.start(bundle);
      assert.notEqual(await second.pid(), pid);
      await endShim(second, bundle.id);
    });

    shimTest('the shim that runs is by itself: its own group, no terminal, no descriptor of the daemon', async () => {
      await using lab = await ShimLab.open(shim);
      const bundle = lab.bundle();
      const stray = openSync('/etc/hostname', 'r');
      const answer = await lab.call(bundle, 'start', new Uint8Array(), stray);
      closeSync(stray);
      const client = await ShimClient.dial(parseBootstrapReply(answer.stdout), lab.namespace);
      const pid = await client.pid();
      assert.equal(groupOf(pid).group, pid);
      assert.equal(readlinkSync(`/proc/${pid}/cwd`), bundle.path);
      const descriptors = descriptorsOf(pid);
      assert.equal(descriptors.get('0'), '/dev/null');
      assert.equal(descriptors.get('1'), '/dev/null');
      assert.deepEqual([...descriptors.values()].includes('/etc/hostname'), shim.supports.inheritsDescriptors);
      await endShim(client, bundle.id);
    });

    for (const form of ['bare options', 'BootstrapParams']) {
      if (form === 'BootstrapParams' && !shim.supports.optionsInBootstrapParams) continue;
      shimTest(`start, given ${form}, puts the shim into the cgroup that they name`, async () => {
        await using lab = await ShimLab.open(shim);
        const bundle = lab.bundle();
        const group = `/${lab.namespace}/shim`;
        // It must be there: in two hierarchies, or in the one.
        const groups = ['memory', 'pids', '']
          .map((name) => join('/sys/fs/cgroup', name))
          .filter((path) => existsSync(join(path, 'cgroup.procs')));
        for (const path of groups) mkdirSync(join(path, group), { recursive: true });
        const options = runcOptions({ shimCgroup: group });
        const input = form === 'bare options' ? Any.encode(options).finish() : lab.bootstrapParams(bundle, options);
        const answer = await lab.call(bundle, 'start', input);
        assert.deepEqual([answer.code, answer.stderr], [0, '']);
        const client = await ShimClient.dial(parseBootstrapReply(answer.stdout), lab.namespace);
        assert.match(readFileSync(`/proc/${await client.pid()}/cgroup`, 'utf8'), new RegExp(`:${group}$`, 'm'));
        await endShim(client, bundle.id);
        // Whoever named it made it, and others may be in it.
        for (const path of groups) rmdirSync(join(path, group));
      });
    }

    shimTest('a call that is none ends with a text and a code', async () => {
      await using lab = await ShimLab.open(shim);
      const bundle = lab.bundle();
      const args = ['-namespace', lab.namespace, '-address', lab.address, '-id', bundle.id];
      for (const wrong of [
        [...args.slice(2), 'start'],
        ['-nonsense', 'start'],
      ]) {
        const { code, stderr } = await runProgram(shim.binary, wrong, { cwd: bundle.path, env: lab.env });
        assert.notEqual(code, 0, wrong.join(' '));
        assert.notEqual(stderr, '', wrong.join(' '));
      }
    });
  });

  describe('delete', () => {
    shimTest('removes what a dead shim left, and tells how the container ended', async () => {
      await using lab = await ShimLab.open(shim);
      const { bundle, shim: client, pid } = await ShimContainer.run(lab);
      const shimPid = await client.pid();
      process.kill(shimPid, 'SIGKILL');
      await processEnded(shimPid);
      assert.ok(existsSync(`/proc/${pid}`), 'the container lives on');
      const before = Date.now();
      const answer = await lab.call(bundle, 'delete');
      assert.equal(answer.code, 0, answer.stderr);
      const response = DeleteResponse.decode(answer.stdout);
      assert.deepEqual([response.pid, response.exitStatus], [pid, 137]);
      const at = Number(fromTimestamp(response.exitedAt) / 1_000_000n);
      assert.ok(at >= before && at <= Date.now(), 'it ended now');
      client[Symbol.dispose]();
      if (!shim.supports.deleteRemovesSocket) rmSync(client.path, { force: true });
      assert.deepEqual(lab.leftovers(), []);
    });

    shimTest('of a container that never was does no harm', async () => {
      await using lab = await ShimLab.open(shim);
      const answer = await lab.call(lab.bundle(), 'delete');
      assert.equal(answer.code === 0, shim.supports.deletesWhatNeverWas, answer.stderr);
      if (answer.code !== 0) return;
      assert.equal(DeleteResponse.decode(answer.stdout).exitStatus, 137);
    });

    shimTest('touches no other container', async () => {
      await using lab = await ShimLab.open(shim);
      const other = await ShimContainer.run(lab);
      const { bundle, shim: client } = await ShimContainer.run(lab);
      const pid = await client.pid();
      process.kill(pid, 'SIGKILL');
      await processEnded(pid);
      assert.equal((await lab.call(bundle, 'delete')).code, 0);
      assert.equal(await other.exec(['/bin/true']), 0);
      await other.end();
      client[Symbol.dispose]();
      if (!shim.supports.deleteRemovesSocket) rmSync(client.path, { force: true });
    });
  });
}
