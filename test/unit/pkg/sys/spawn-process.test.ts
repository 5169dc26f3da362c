import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { spawnProcess } from '../../../../pkg/sys/spawn-process.ts';
import { setUmask, startUmask } from '../../../../pkg/sys/umask.ts';

const sh = '/bin/sh';

async function shell(script: string): Promise<string> {
  const child = spawnProcess({
    file: sh,
    args: ['-c', script],
    env: { PATH: '/usr/bin:/bin' },
    stdout: 'collect',
    stderr: 'merge',
  });
  const { code, stdout } = await child.exited;
  assert.equal(code, 0, stdout.toString());
  return stdout.toString();
}

/** `cat` of a file of /proc shows the child itself: nothing stands between it and the start. */
async function readInChild(path: string): Promise<string> {
  const child = spawnProcess({ file: '/bin/cat', args: [path], env: {}, stdout: 'collect' });
  return (await child.exited).stdout.toString();
}

test('a child starts with default dispositions and an empty mask, although Node ignores and handles signals', async () => {
  const handler = (): void => undefined;
  process.on('SIGUSR2', handler);
  const status = await readInChild('/proc/self/status');
  process.off('SIGUSR2', handler);
  for (const field of ['SigBlk', 'SigIgn', 'SigCgt']) assert.match(status, new RegExp(`${field}:\\s+0{16}\\n`));
  assert.match(readFileSync('/proc/self/status', 'utf8'), /SigIgn:\s+0*[1-9a-f]/, 'Node itself ignores SIGPIPE');
});

test('a child gets the umask of the start, whatever it is now', async () => {
  const before = setUmask(0);
  try {
    const status = await readInChild('/proc/self/status');
    assert.match(status, new RegExp(`Umask:\\s+0*${startUmask().toString(8)}\\n`));
  } finally {
    setUmask(before);
  }
});

test('a child gets the soft limit of open files that the daemon was started with', async () => {
  const script = join(import.meta.dirname, 'print-child-limits.ts');
  const run = async (env: Record<string, string>): Promise<string> => {
    const child = spawnProcess({ file: process.execPath, args: [script], env, stdout: 'collect', stderr: 'merge' });
    return (await child.exited).stdout.toString();
  };
  assert.match(await run({ GANTRY_RLIMIT_NOFILE: '777' }), /Max open files +777 /);
  assert.match(await run({}), /Max open files +1024 /);
});

test('a child has no descriptors but those named', async () => {
  const stray = openSync('/dev/null', 'r');
  const extra = openSync('/etc/hostname', 'r');
  const child = spawnProcess({
    file: sh,
    args: ['-c', 'ls /proc/$$/fd; cat <&7'],
    env: { PATH: '/usr/bin:/bin' },
    stdout: 'collect',
    extraFds: [{ child: 7, fd: extra }],
  });
  const { stdout } = await child.exited;
  closeSync(stray);
  closeSync(extra);
  assert.equal(stdout.toString(), `0\n1\n2\n7\n${readFileSync('/etc/hostname', 'utf8')}`);
});

test('descriptors may be crossed over', async () => {
  const [a, b] = [openSync('/etc/hostname', 'r'), openSync('/etc/os-release', 'r')];
  const child = spawnProcess({
    file: sh,
    args: ['-c', `readlink /proc/self/fd/${a} /proc/self/fd/${b}`],
    env: { PATH: '/usr/bin:/bin' },
    stdout: 'collect',
    extraFds: [
      { child: a, fd: b },
      { child: b, fd: a },
    ],
  });
  const { stdout } = await child.exited;
  closeSync(a);
  closeSync(b);
  assert.match(stdout.toString(), /os-release\n.*hostname\n$/);
});

test('input, output, exit code, environment and working directory', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-spawn-'));
  try {
    const child = spawnProcess({
      file: sh,
      args: ['-c', 'cat; echo "$A"; pwd; echo oops >&2; exit 42'],
      env: { A: 'b c', PATH: '/usr/bin:/bin' },
      cwd: directory,
      stdin: Buffer.from('in\n'),
      stdout: 'collect',
      stderr: 'collect',
    });
    const exit = await child.exited;
    assert.equal(exit.stdout.toString(), `in\nb c\n${directory}\n`);
    assert.equal(exit.stderr.toString(), 'oops\n');
    assert.deepEqual([exit.code, exit.signal], [42, null]);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('output beyond the limit is dropped', async () => {
  const args = ['-c', 'head -c 3000000 /dev/zero'];
  const child = spawnProcess({ file: sh, args, env: { PATH: '/usr/bin:/bin' }, stdout: 'collect', maxOutput: 1000 });
  assert.equal((await child.exited).stdout.length, 1000);
});

test('a grandchild that keeps the output open does not hold the exit back', async () => {
  const child = spawnProcess({
    file: sh,
    args: ['-c', 'sleep 1000 & echo $!'],
    env: { PATH: '/usr/bin:/bin' },
    stdout: 'collect',
  });
  const { stdout } = await child.exited;
  process.kill(Number(stdout.toString()), 'SIGKILL');
});

test('kill sends a signal, and is harmless after the exit', async () => {
  const child = spawnProcess({ file: '/bin/sleep', args: ['1000'], env: {} });
  child.kill(15);
  assert.deepEqual(await child.exited.then(({ code, signal }) => [code, signal]), [null, 15]);
  child.kill(9);
});

test('a process group of its own', async () => {
  const child = spawnProcess({
    file: sh,
    args: ['-c', 'cut -d" " -f1,5 /proc/$$/stat'],
    env: { PATH: '/usr/bin:/bin' },
    stdout: 'collect',
    newProcessGroup: true,
  });
  const [pid, group] = (await child.exited).stdout.toString().trim().split(' ');
  assert.equal(pid, group);
});

test('what cannot be run is an error at once, with its cause, and leaves nothing', async () => {
  const before = countFds();
  assert.throws(() => spawnProcess({ file: '/nowhere/x', args: [], env: {}, stdout: 'collect' }), {
    code: 'ENOENT',
    syscall: 'execve',
    path: '/nowhere/x',
  });
  assert.throws(() => spawnProcess({ file: sh, args: [], env: {}, cwd: '/nowhere' }), {
    code: 'ENOENT',
    syscall: 'chdir',
    path: '/nowhere',
  });
  assert.throws(() => spawnProcess({ file: '/etc/passwd', args: [], env: {} }), { code: 'EACCES' });
  assert.throws(() => spawnProcess({ file: sh, args: ['a\0b'], env: {} }), TypeError);
  assert.equal(countFds(), before);
  assert.equal(await shell('echo still here'), 'still here\n');
});

function countFds(): number {
  return readdirSync('/proc/self/fd').length;
}

test('works in a worker thread, and a worker that ends takes its watch along', async () => {
  const source = `
    import { parentPort } from 'node:worker_threads';
    import { spawnProcess } from ${JSON.stringify(new URL('../../../../pkg/sys/spawn-process.ts', import.meta.url).href)};
    const child = spawnProcess({ file: '/bin/echo', args: ['hi'], env: {}, stdout: 'collect' });
    const { stdout } = await child.exited;
    const endless = spawnProcess({ file: '/bin/sleep', args: ['1000'], env: {} });
    parentPort.postMessage([stdout.toString(), endless.pid]);`;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`));
  const [text, pid] = await new Promise<[string, number]>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  assert.equal(text, 'hi\n');
  await worker.terminate();
  process.kill(pid, 'SIGKILL');
});
