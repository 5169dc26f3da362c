// The lab itself, with the real containerd of each age in the place of the daemon under test.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Ctr } from '../../lab/ctr.ts';
import { DaemonUnderTest } from '../../lab/daemon-under-test.ts';
import { images } from '../../lab/images.ts';
import { OciLayout } from '../../lab/oci-layout.ts';
import { peers } from '../../lab/peers.ts';
import { Registry } from '../../lab/registry.ts';
import { TemporaryDirectory } from '../../lab/temporary-directory.ts';
import { untilHeard } from '../../lab/until-heard.ts';

describe('the lab', () => {
  let temporary: TemporaryDirectory;
  let registry: Registry;
  let image: string;

  before(async () => {
    temporary = new TemporaryDirectory();
    const layout = new OciLayout(temporary.path);
    await images['lab/busybox:1'](layout);
    registry = await Registry.start();
    image = await registry.push(layout, 'lab/busybox:1');
  });

  after(async () => {
    await registry[Symbol.asyncDispose]();
    temporary[Symbol.dispose]();
  });

  for (const version of peers.versions) {
    test(`runs a container under containerd ${version}, over a crash of the daemon`, async () => {
      await using daemon = await DaemonUnderTest.start({ kind: version });
      const ctr = new Ctr(daemon, version);
      await ctr.ok(['image', 'pull', '--plain-http', image]);
      assert.equal(await ctr.hear(['run', '--rm', image, 'c1', 'sh', '-c', untilHeard('echo hello')]), 'hello\n');
      assert.equal((await ctr.run(['run', '--rm', image, 'c2', 'sh', '-c', 'exit 7'])).code, 7);

      const terminal = await ctr.start(['run', '--rm', '-t', image, 'c3', 'sh'], { terminal: true });
      await terminal.output(/# /);
      terminal.write('tty\r');
      await terminal.output(/\/dev\/(pts\/0|console)/);
      terminal.write('exit 3\r');
      assert.equal((await terminal.exited).code, 3);

      await ctr.ok(['run', '-d', image, 'c4', 'sleep', '1000']);
      await daemon.crashAndRestart();
      assert.match(await ctr.ok(['task', 'ls']), /c4\s+\d+\s+RUNNING/);
      await assert.rejects(ctr.ok(['task', 'rm', 'c4']), /exit code 1/);
      assert.ok(daemon.leftovers().some((line) => /^process .*containerd-shim-runc-v2/.test(line)));
      assert.ok(daemon.leftovers().some((line) => line.startsWith('mount ')));
      assert.ok(daemon.leftovers().some((line) => line.startsWith('socket ')));
      await ctr.ok(['task', 'rm', '--force', 'c4']);
      await ctr.ok(['container', 'rm', 'c4']);
      assert.deepEqual(await daemon.lasting(), []);
    });
  }

  test('fails a suite that leaves a container running, and removes it', async () => {
    const daemon = await DaemonUnderTest.start({ kind: '2.1.9' });
    const ctr = new Ctr(daemon);
    await ctr.ok(['image', 'pull', '--plain-http', image]);
    await ctr.ok(['run', '-d', image, 'left', 'sleep', '1000']);
    await assert.rejects(daemon[Symbol.asyncDispose](), /left behind:\n {2}mount /);
    assert.deepEqual(await daemon.lasting(), []);
  });
});
