import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Status } from '../../api/gen/containerd/v1/types/types.ts';
import { makeFifo } from '../../pkg/sys/make-fifo.ts';
import { busyboxRootfs } from '../lab/busybox-rootfs.ts';
import { DaemonCalls } from '../lab/daemon-calls.ts';
import { DaemonUnderTest } from '../lab/daemon-under-test.ts';
import { PseudoRandom } from '../lab/pseudo-random.ts';
import { chosenShims, tellingFirst } from '../lab/shim-choice.ts';
import { DaemonContainer } from '../lab/shim-daemon-container.ts';
import { LinesInFifo, LinesInFile, writeNumberedLines } from './numbered-lines.ts';

/** `make soak-shim` sets more. */
const rounds = Number(process.env['DEATHS'] ?? 15);
const writing = { args: ['/bin/sh', '-c', writeNumberedLines] };

for (const shim of chosenShims()) {
  describe(`a daemon that dies over ${shim.name}`, () => {
    test(
      `${rounds} times: output goes on, and execs keep their exit codes`,
      tellingFirst(async (t) => {
        const seed = process.env['SEED'] ?? randomBytes(4).toString('hex');
        t.diagnostic(`SEED=${seed}`);
        const random = new PseudoRandom(seed);
        await using daemon = await DaemonUnderTest.start({ kind: 'gantry', logLevel: 'info' });
        await using calls = new DaemonCalls(daemon);
        const host = { daemon, calls, rootfs: busyboxRootfs(daemon.directory), runtime: shim.binary };
        const [file, fifo] = [join(daemon.directory, 'lines'), join(daemon.directory, 'fifo')];
        makeFifo(fifo, 0o600);
        using lines = new LinesInFifo(fifo);
        const outputs = [lines, new LinesInFile(file)];
        const writers = [
          await DaemonContainer.run(host, writing, { stdout: fifo, stderr: fifo }),
          await DaemonContainer.run(host, writing, { stdout: `file://${file}`, stderr: `file://${file}` }),
        ];
        const [first = assert.fail()] = writers;
        for (const output of outputs) await output.more();
        for (let round = 0; round < rounds; round++) {
          // Some end before the daemon dies, some while it is away, some after.
          const codes = [1, 2, 3].map((code) => 10 * code + (round % 10));
          const execs = await Promise.all(
            codes.map((code, index) =>
              first.startExec({ args: ['/bin/sh', '-c', `sleep 0.${3 * index}; exit ${code}`] }),
            ),
          );
          await delay(random.below(150));
          await daemon.kill();
          for (const output of outputs) await output.more();
          await delay(random.below(150));
          await daemon.start();
          for (const [index, execId] of execs.entries()) {
            assert.equal(await first.wait(execId), codes[index], `${execId} of round ${round}`);
            assert.equal(await first.deleteExec(execId), codes[index]);
          }
          for (const writer of writers) assert.equal((await writer.process())?.status, Status.RUNNING);
          for (const output of outputs) output.check();
        }
        for (const output of outputs) await output.more();
        for (const output of outputs) output.check();
        for (const writer of writers) await writer.remove();
        assert.deepEqual(await daemon.lasting(), []);
      }),
    );
  });
}
