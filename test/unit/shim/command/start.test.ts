import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { BootstrapParams } from '../../../../api/gen/containerd/runtime/bootstrap/v1/bootstrap.ts';
import { parseBootstrapReply } from '../../../../services/tasks/bootstrap-reply.ts';
import { peers } from '../../../lab/peers.ts';
import { processEnded } from '../../../lab/process-ended.ts';
import { ShimClient } from '../../../lab/shim-client.ts';
import { endShim } from '../../../lab/shim-container.ts';
import { ShimLab, type ShimProgram } from '../../../lab/shim-lab.ts';

const ours: ShimProgram = { binary: peers.gantryShim(), bootstrapParams: true };
const theirs: ShimProgram = { binary: peers.shim('2.1.9'), bootstrapParams: true };

/** What `start` answers with cores asked for that are nobody else's: an error where the kernel has no such thing. */
async function startWithSharedCores(program: ShimProgram): Promise<string> {
  await using lab = await ShimLab.open(program, { env: { SCHED_CORE: '1' } });
  const bundle = lab.bundle();
  const { code, stdout, stderr } = await lab.call(bundle, 'start', new Uint8Array());
  if (code !== 0) {
    assert.deepEqual(lab.leftovers(), []);
    return stderr.trim().replace(/^[^:]*: /, '');
  }
  const client = await ShimClient.dial(parseBootstrapReply(stdout), lab.namespace);
  await endShim(client, bundle.id);
  return 'started';
}

test('cores are shared as containerd’s shim shares them', async () => {
  assert.equal(await startWithSharedCores(ours), await startWithSharedCores(theirs));
});

test('the socket is where the daemon wants it, and `delete` looks for it there', async () => {
  await using lab = await ShimLab.open(ours);
  const bundle = lab.bundle();
  const sockets = join(lab.directory, 'sockets');
  mkdirSync(sockets);
  const params = BootstrapParams.decode(lab.bootstrapParams(bundle));
  const input = BootstrapParams.encode({ ...params, socketDir: sockets }).finish();
  const answer = await lab.call(bundle, 'start', input);
  const address = parseBootstrapReply(answer.stdout);
  assert.ok(address.address.startsWith(`unix://${sockets}/`));
  assert.equal(readlinkSync(join(bundle.path, 's')), sockets);
  const client = await ShimClient.dial(address, lab.namespace);
  const pid = await client.pid();
  process.kill(pid, 'SIGKILL');
  await processEnded(pid);
  assert.ok(existsSync(client.path));
  assert.equal((await lab.call(bundle, 'delete')).code, 0);
  assert.equal(existsSync(client.path), false);
});

test('the shim is a better victim than its parent when memory runs out', async () => {
  await using lab = await ShimLab.open(ours);
  const bundle = lab.bundle();
  const client = await lab.start(bundle);
  const score = (pid: number): number => Number(readFileSync(`/proc/${pid}/oom_score_adj`, 'utf8'));
  assert.equal(score(await client.pid()), Math.min(score(process.pid) + 1, 1000));
  await endShim(client, bundle.id);
});
