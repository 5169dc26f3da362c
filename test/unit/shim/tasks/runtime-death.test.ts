import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { FifoReader } from '../../../lab/fifo-ends.ts';
import { peers } from '../../../lab/peers.ts';
import { processEnded } from '../../../lab/process-ended.ts';
import { createRequest, ShimContainer } from '../../../lab/shim-container.ts';
import { ShimLab } from '../../../lab/shim-lab.ts';
import { TemporaryDirectory } from '../../../lab/temporary-directory.ts';

/** A directory with a `runc` that hangs in its first create, after it has told its pid to a FIFO. */
function hangingRuntime(directory: string, fifo: string): void {
  const first = join(directory, 'first');
  writeFileSync(first, '');
  const hang = `case " $* " in *" create "*) rm '${first}' && echo "pid $$ told" >'${fifo}' && exec sleep 1000;; esac`;
  const script = `#!/bin/sh\n[ -e '${first}' ] && { ${hang}; }\nexec '${peers.runc()}' "$@"\n`;
  writeFileSync(join(directory, 'runc'), script, { mode: 0o755 });
}

async function openLab(directory: TemporaryDirectory): Promise<{ readonly lab: ShimLab; readonly told: FifoReader }> {
  const bin = join(directory.path, 'bin');
  mkdirSync(bin);
  const lab = await ShimLab.open({ binary: peers.gantryShim(), bootstrapParams: true }, { path: [bin] });
  const fifo = lab.fifo('told');
  hangingRuntime(bin, fifo);
  return { lab, told: new FifoReader(fifo) };
}

describe('a runtime that hangs', () => {
  test('does not outlive the shim', async () => {
    using directory = new TemporaryDirectory();
    const opened = await openLab(directory);
    await using lab = opened.lab;
    using told = opened.told;
    const bundle = lab.bundle();
    const shim = await lab.start(bundle);
    const shimPid = await shim.pid();
    const created = assert.rejects(shim.task.create(createRequest(lab, bundle, {}, {})), { kind: 'unavailable' });
    const runtime = Number((await told.match(/pid (\d+) told/))[1]);
    process.kill(shimPid, 'SIGKILL');
    await created;
    await processEnded(runtime);
    assert.equal((await lab.call(bundle, 'delete')).code, 0);
  });

  test('ends with the call that it runs for, and frees the name', async () => {
    using directory = new TemporaryDirectory();
    const opened = await openLab(directory);
    await using lab = opened.lab;
    using told = opened.told;
    const bundle = lab.bundle();
    const shim = await lab.start(bundle);
    const created = assert.rejects(shim.task.create(createRequest(lab, bundle, {}, {})), { kind: 'unavailable' });
    const runtime = Number((await told.match(/pid (\d+) told/))[1]);
    shim[Symbol.dispose]();
    await created;
    await processEnded(runtime);
    const container = await ShimContainer.create(lab, {}, { bundle });
    await container.end();
  });
});
