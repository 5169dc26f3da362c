import assert from 'node:assert/strict';
import { readdirSync, rmSync } from 'node:fs';
import { test } from 'node:test';
import { peers } from '../../../lab/peers.ts';
import { ShimContainer } from '../../../lab/shim-container.ts';
import { ShimLab } from '../../../lab/shim-lab.ts';

test('execs that nobody deleted leave nothing in the shim of a group when their container is deleted', async () => {
  await using lab = await ShimLab.open({ binary: peers.gantryShim(), bootstrapParams: true });
  const annotations = { 'io.containerd.runc.v2.group': lab.namespace };
  lab.track(lab.namespace);
  const first = await ShimContainer.run(lab, { annotations });
  const shimPid = await first.shim.pid();
  const descriptors = (): number => readdirSync(`/proc/${shimPid}/fd`).length;
  const before = descriptors();
  const second = await ShimContainer.run(lab, { annotations });
  const streams = { stdin: lab.fifo('in'), stdout: lab.fifo('out'), stderr: lab.fifo('err') };
  const ended = await second.startExec({ args: ['/bin/true'] }, streams);
  await second.wait(ended);
  await second.addExec({ args: ['/bin/true'] }, streams);
  await second.kill();
  await second.wait();
  await second.delete();
  second.shim[Symbol.dispose]();
  // The connection goes by itself; asked over another one, the shim has seen it go.
  await first.state();
  assert.equal(descriptors(), before);
  await first.end();
  rmSync(first.shim.path, { force: true });
});
