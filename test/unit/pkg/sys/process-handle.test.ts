import assert from 'node:assert/strict';
import { readSync, writeSync } from 'node:fs';
import { test } from 'node:test';
import { makePipe } from '../../../../pkg/sys/make-pipe.ts';
import { ProcessHandle } from '../../../../pkg/sys/process-handle.ts';
import { spawnProcess, type SpawnedProcess } from '../../../../pkg/sys/spawn-process.ts';

/** A shell that does what it is told once `go` is called. */
function waitingShell(script: string): { child: SpawnedProcess; go: () => void } {
  const { read, write } = makePipe();
  using _read = read;
  const child = spawnProcess({ file: '/bin/sh', args: ['-c', `read line; ${script}`], env: {}, stdin: read.fd });
  const go = (): void => {
    writeSync(write.fd, 'go\n');
    write[Symbol.dispose]();
  };
  return { child, go };
}

const endings: readonly [script: string, status: number][] = [
  ['exit 0', 0],
  ['exit 7', 7],
  ['exit 255', 255],
  ['kill -9 $$', 137],
  ['kill -15 $$', 143],
];

for (const [script, status] of endings) {
  test(`how a process ended is told after it was reaped: ${script}`, async () => {
    const { child, go } = waitingShell(script);
    using handle = new ProcessHandle(child.pid);
    assert.equal(handle.exitStatus, undefined);
    go();
    await child.exited;
    assert.equal(handle.exitStatus, status);
  });

  test(`how somebody else's child ended is told while nobody has reaped it: ${script}`, async () => {
    // A shell that is stopped before its own child ends, and so does not reap it.
    const { read, write } = makePipe();
    const inner = `read line; kill -STOP $PPID; ${script}`;
    const outer = `exec 4<&0; sh -c '${inner}' <&4 & echo $!; wait`;
    const input = makePipe();
    const child = spawnProcess({
      file: '/bin/sh',
      args: ['-c', outer],
      env: { PATH: '/bin:/usr/bin' },
      stdin: input.read.fd,
      stdout: write.fd,
    });
    const text = Buffer.alloc(32);
    const pid = Number(text.toString('utf8', 0, readSync(read.fd, text)));
    using handle = new ProcessHandle(pid);
    writeSync(input.write.fd, 'go\n');
    await handle.exited();
    assert.equal(handle.exitStatus, status);
    child.kill(9);
    await child.exited;
    assert.equal(handle.exitStatus, status);
    for (const end of [read, write, input.read, input.write]) end[Symbol.dispose]();
  });
}

test('a descriptor of another process is copied, and lives on when that has ended', async () => {
  const { read, write } = makePipe();
  const { child, go } = waitingShell('exit 0');
  const held = spawnProcess({ file: '/bin/sleep', args: ['1000'], env: {}, extraFds: [{ child: 7, fd: write.fd }] });
  write[Symbol.dispose]();
  using handle = new ProcessHandle(held.pid);
  using copy = handle.copyDescriptor(7);
  held.kill(9);
  await held.exited;
  writeSync(copy.fd, 'still here');
  const text = Buffer.alloc(32);
  assert.equal(text.toString('utf8', 0, readSync(read.fd, text)), 'still here');
  read[Symbol.dispose]();
  using other = new ProcessHandle(child.pid);
  assert.throws(() => other.copyDescriptor(77), { code: 'EBADF' });
  go();
  await child.exited;
});
