import assert from 'node:assert/strict';
import { readFileSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { DaemonUnderTest } from '../../lab/daemon-under-test.ts';
import { uniqueName } from '../../lab/unique-name.ts';

/** The cgroups of a process that end with a name: hierarchies of version 1 by their controllers, version 2's by an empty name. */
function cgroupsOf(pid: number, name: string): string[] {
  const lines = readFileSync(`/proc/${pid}/cgroup`, 'utf8').trim().split('\n');
  return lines.filter((line) => line.endsWith(`/${name}`)).map((line) => line.split(':')[1] ?? '');
}

for (const kind of ['2.1.9', 'gantry'] as const) {
  test(`${kind} moves into its cgroup, sets its oom score and uses its own temporary directory`, async () => {
    const name = uniqueName('daemon');
    const daemon = new DaemonUnderTest({ kind });
    await using stack = new AsyncDisposableStack();
    stack.use(daemon);
    const temp = join(daemon.directory, 'temp');
    daemon.prepend(`oom_score = 77\ntemp = "${temp}"\n`);
    daemon.append(`[cgroup]\n  path = "/${name}"\n`);
    await daemon.start();
    const own = cgroupsOf(daemon.pid, name);
    for (const controller of ['memory', 'cpuset', 'pids', 'freezer']) {
      assert.ok(
        own.some((names) => names.split(',').includes(controller)),
        `${controller} is not among ${own.join(' ')}`,
      );
    }
    assert.equal(readFileSync(`/proc/${daemon.pid}/oom_score_adj`, 'utf8'), '77\n');
    assert.equal(statSync(temp).mode & 0o777, 0o700);
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .filter((line) => line.includes(' - cgroup'));
    await daemon.kill('SIGTERM');
    for (const mount of new Set(mounts.map((line) => line.split(' ')[4] ?? ''))) {
      try {
        rmdirSync(join(mount, name));
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
      }
    }
  });
}
