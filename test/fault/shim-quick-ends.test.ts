import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { busyboxRootfs } from '../lab/busybox-rootfs.ts';
import { DaemonCalls } from '../lab/daemon-calls.ts';
import { DaemonUnderTest } from '../lab/daemon-under-test.ts';
import { chosenShims, inLanes, tellingFirst } from '../lab/shim-choice.ts';
import { DaemonContainer } from '../lab/shim-daemon-container.ts';
import { childrenOf, descriptorKinds, keptKinds } from '../lab/shim-traces.ts';

/** `make soak-shim` sets more. */
const count = Number(process.env['CONTAINERS'] ?? 150);
const lanes = 16;

for (const shim of chosenShims()) {
  describe(`containers whose process ends at once, in ${shim.name}`, () => {
    test(
      `${count}, ${lanes} at a time: each exit code is right, and nothing is left`,
      tellingFirst(async (t) => {
        await using daemon = await DaemonUnderTest.start({ kind: 'gantry', logLevel: 'info' });
        await using calls = new DaemonCalls(daemon);
        const host = { daemon, calls, rootfs: busyboxRootfs(daemon.directory), runtime: shim.binary };
        const one = async (index: number): Promise<void> => {
          const code = index % 2 === 0 ? 0 : index % 256;
          const args = code === 0 ? ['/bin/true'] : ['/bin/sh', '-c', `exit ${code}`];
          const container = await DaemonContainer.run(host, { args });
          assert.equal(await container.wait(), code, container.id);
          assert.equal(await container.delete(), code, container.id);
          await container.remove();
        };
        await inLanes(lanes, lanes, one);
        await daemon.lasting();
        const before = descriptorKinds(daemon.pid);
        const started = performance.now();
        await inLanes(count, lanes, one);
        t.diagnostic(`${Math.round(count / ((performance.now() - started) / 1000))} a second`);
        assert.deepEqual(await daemon.lasting(), []);
        assert.deepEqual(childrenOf(daemon.pid), []);
        // The database changes its files as it grows.
        const counts = (line: string): boolean => !/anon_inode|\/db\//.test(line);
        assert.deepEqual(await keptKinds(daemon.pid, before, () => calls.version.version({}), counts), []);
      }),
    );
  });
}
