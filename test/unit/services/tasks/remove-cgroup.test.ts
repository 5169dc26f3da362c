import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { makeFifo } from '../../../../pkg/sys/make-fifo.ts';
import { removeCgroup } from '../../../../services/tasks/remove-cgroup.ts';
import { fileMatches } from '../../../lab/file-matches.ts';
import { runProgram } from '../../../lab/run-program.ts';
import { TemporaryDirectory } from '../../../lab/temporary-directory.ts';
import { uniqueName } from '../../../lab/unique-name.ts';

const pids = '/sys/fs/cgroup/pids';
const root = existsSync(pids) ? pids : '/sys/fs/cgroup';

/** A cgroup with one process in it, which is nobody's child here. */
async function occupied(
  command = 'sleep 1000',
): Promise<{ readonly path: string; readonly directory: string; readonly pid: number }> {
  const path = `/${uniqueName('left')}`;
  const directory = join(root, path);
  mkdirSync(directory);
  const { stdout } = await runProgram('/bin/sh', ['-c', `${command} </dev/null >/dev/null 2>&1 & echo $!`]);
  const pid = Number(stdout);
  writeFileSync(join(directory, 'cgroup.procs'), String(pid));
  return { path, directory, pid };
}

/** Resolves when this process holds a pidfd of another, of which pidfd_open(2) tells in fdinfo, or has no more reason to. */
async function isWaitedFor(pid: number, isOver = () => false): Promise<void> {
  const isPidfd = (fd: string): boolean => {
    try {
      return new RegExp(`^Pid:\\s+${pid}$`, 'm').test(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'));
    } catch {
      // Closed meanwhile.
      return false;
    }
  };
  while (!isOver() && !readdirSync('/proc/self/fdinfo').some(isPidfd)) await setImmediate();
}

test('a cgroup is removed once those who were in it have ended', async () => {
  const { path, directory, pid } = await occupied();
  const removing = removeCgroup(path);
  process.kill(pid, 'SIGKILL');
  await removing;
  assert.equal(existsSync(directory), false);
});

test('whom those in it start before they end is waited for as well', async () => {
  using scratch = new TemporaryDirectory();
  const [go, started] = [join(scratch.path, 'go'), join(scratch.path, 'started')];
  makeFifo(go, 0o600);
  const { path, directory, pid } = await occupied(`{ read go <${go}; sleep 1000 & echo $! >${started}; }`);
  const removing = removeCgroup(path);
  await isWaitedFor(pid);
  writeFileSync(go, 'go\n');
  const second = Number(await fileMatches(started, /\n/));
  let isOver = false;
  void removing.then(() => (isOver = true));
  await isWaitedFor(second, () => isOver);
  assert.equal(isOver, false);
  process.kill(second, 'SIGKILL');
  await removing;
  assert.equal(existsSync(directory), false);
});

test('a cgroup stays with those who stay in it, and is not waited for without end', async () => {
  const { path, directory, pid } = await occupied();
  await removeCgroup(path, AbortSignal.abort());
  assert.equal(existsSync(directory), true);
  process.kill(pid, 'SIGKILL');
  await removeCgroup(path);
  assert.equal(existsSync(directory), false);
});

test('what is not there is no failure', async () => {
  await removeCgroup(`/${uniqueName('none')}`);
});
