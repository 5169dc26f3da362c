// A process may be gone while its number is still kept: as that of its group or session. Kernels differ in the error for it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProcessHandle } from '../../../../pkg/sys/process-handle.ts';
import { spawnProcess } from '../../../../pkg/sys/spawn-process.ts';
import { processEnded } from '../../../lab/process-ended.ts';

test('the number of a process that has ended, and whose group lives on, is nobody’s', async () => {
  const leader = spawnProcess({
    file: '/bin/sh',
    args: ['-c', 'sleep 1000 >/dev/null & echo $!'],
    env: { PATH: '/bin:/usr/bin' },
    stdout: 'collect',
    newProcessGroup: true,
  });
  const { stdout } = await leader.exited;
  try {
    assert.throws(() => new ProcessHandle(leader.pid), { code: 'ESRCH' });
  } finally {
    process.kill(-leader.pid, 'SIGKILL');
    await processEnded(Number(stdout.toString()));
  }
});

test('a number that no process can have is bad', () => {
  for (const pid of [0, -1]) assert.throws(() => new ProcessHandle(pid), { code: 'EINVAL' });
});
