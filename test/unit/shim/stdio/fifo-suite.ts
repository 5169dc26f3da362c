import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { closeSync, constants, createReadStream, mkdirSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { FifoReader, FifoWriter } from '../../../lab/fifo-ends.ts';
import { runProgram } from '../../../lab/run-program.ts';
import { TestStdio, type StdioHost } from './stdio-host.ts';
import type { SuiteContext } from './suite-context.ts';

async function makeFifo(context: SuiteContext, name: string): Promise<string> {
  mkdirSync(context.directory, { recursive: true });
  const path = join(context.directory, name);
  assert.equal((await runProgram('mkfifo', [path])).code, 0);
  return path;
}

async function hashOfFifo(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 16 })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** Output to FIFOs, and stdin from them. */
export function fifoSuite(context: SuiteContext): void {
  suite('FIFOs', { timeout: 120_000 }, () => {
    const host = (): StdioHost => context.host();

    test('large output arrives whole, from a writer of large pieces and one of small ones', async () => {
      const stdout = await makeFifo(context, 'large-out');
      const stderr = await makeFifo(context, 'large-err');
      await using io = await TestStdio.open(host(), { stdout, stderr });
      const hashes = Promise.all([hashOfFifo(stdout), hashOfFifo(stderr)]);
      const status = await io.run(
        `cat ${context.large.path} & { dd if=${context.large.path} bs=700 2>/dev/null; } >&2; wait`,
      );
      assert.equal(status, 0);
      assert.deepEqual(await hashes, [context.large.sha256, context.large.sha256]);
    });

    test('a client that comes after the process has ended gets what fits, and the end', async () => {
      const stdout = await makeFifo(context, 'late');
      await using io = await TestStdio.open(host(), { stdout });
      assert.equal(await io.run('i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i+1)); done'), 0);
      using reader = new FifoReader(stdout);
      const text = (await reader.all).toString();
      assert.equal(text.split('\n').length, 2001);
      assert.match(text, /^line 0\n[^]*line 1999\n$/);
    });

    test('lines that trickle fill a FIFO that nobody reads as far as a single write would', async () => {
      const stdout = await makeFifo(context, 'trickle');
      await using io = await TestStdio.open(host(), { stdout });
      // Each line is taken from the pipe before the next one comes: 45,000 bytes are in the FIFO when 60,000 follow, which fit into the pipe.
      const line = 'x'.repeat(299);
      const pid = await io.sh(
        `i=0; while [ $i -lt 150 ]; do echo ${line}; usleep 500; i=$((i+1)); done; head -c 60000 /dev/zero`,
      );
      assert.equal(await host().exit(pid), 0);
      using reader = new FifoReader(stdout);
      assert.equal((await reader.all).length, 105_000);
    });

    test('a client leaves and comes back, and the process does not notice', async () => {
      const stdout = await makeFifo(context, 'returning');
      const stdin = await makeFifo(context, 'returning-in');
      await using io = await TestStdio.open(host(), { stdin, stdout });
      const pid = await io.sh('while read -r line; do echo got $line; done; echo end');
      const first = new FifoReader(stdout);
      {
        using writer = new FifoWriter(stdin);
        await writer.write('one\n');
        await first.match(/got one\n/);
        first[Symbol.dispose]();
        await first.all;
        await writer.write('two\n');
      }
      using again = new FifoWriter(stdin);
      await again.write('three\n');
      using second = new FifoReader(stdout);
      await second.match(/got three\n/);
      await io.call('closeStdin');
      again[Symbol.dispose]();
      assert.equal(await host().exit(pid), 0);
      await io.call('drained', { limit: 20_000 });
      assert.equal((await second.all).toString(), 'got two\ngot three\nend\n');
    });

    test('stdin ends when it was closed and no client has it, and all that was written arrives', async () => {
      const stdin = await makeFifo(context, 'end-in');
      const stdout = await makeFifo(context, 'end-out');
      await using io = await TestStdio.open(host(), { stdin, stdout });
      using reader = new FifoReader(stdout);
      const pid = await io.sh('wc -c');
      const writer = new FifoWriter(stdin);
      const sent = writer.write(Buffer.alloc(1_000_000));
      await io.call('closeStdin');
      await sent;
      await writer.write('more');
      writer[Symbol.dispose]();
      assert.equal(await host().exit(pid), 0);
      await io.call('drained', { limit: 20_000 });
      assert.equal((await reader.all).toString().trim(), '1000004');
    });

    test('stdin ends at once when it is closed and no client ever came', async () => {
      const stdin = await makeFifo(context, 'never-in');
      await using io = await TestStdio.open(host(), { stdin });
      const pid = await io.sh('cat');
      await io.call('closeStdin');
      await io.call('closeStdin');
      assert.equal(await host().exit(pid), 0);
    });

    test('a process that does not read its stdin holds back nobody but the writer', async () => {
      const stdin = await makeFifo(context, 'unread-in');
      const stdout = await makeFifo(context, 'unread-out');
      await using io = await TestStdio.open(host(), { stdin, stdout });
      using reader = new FifoReader(stdout);
      const pid = await io.sh('echo here; sleep 1000');
      const fd = openSync(stdin, constants.O_WRONLY | constants.O_NONBLOCK);
      const piece = Buffer.alloc(4096);
      let taken = 0;
      assert.throws(
        () => {
          for (;;) taken += writeSync(fd, piece);
        },
        { code: 'EAGAIN' },
      );
      assert.ok(taken >= 65536, `${taken} bytes were taken`);
      await reader.match(/here\n/);
      process.kill(pid, 'SIGKILL');
      assert.equal(await host().exit(pid), 137);
      closeSync(fd);
    });

    test('more than fits, and no client: the end is not held up, and who comes before it is disposed gets all', async () => {
      const stdout = await makeFifo(context, 'overfull');
      await using io = await TestStdio.open(host(), { stdout });
      // 64 KiB are in the FIFO, and the rest in the pipe.
      assert.equal(await host().exit(await io.sh('head -c 120000 /dev/zero')), 0);
      await io.call('drained', { limit: 3_600_000 });
      using reader = new FifoReader(stdout);
      assert.equal((await reader.all).length, 120_000);
      await io.call('drained', { limit: 3_600_000 });
    });

    test('more than fits into one FIFO for both outputs, which somebody holds, and no client: the end is not held up', async () => {
      const stdout = await makeFifo(context, 'overfull-both');
      const stdin = await makeFifo(context, 'overfull-both-in');
      await using io = await TestStdio.open(host(), { stdin, stdout, stderr: stdout });
      assert.equal(await host().exit(await io.sh('exec 3<&0; (read x <&3) & head -c 120000 /dev/zero')), 0);
      await io.call('drained', { limit: 3_600_000 });
      using reader = new FifoReader(stdout);
      using writer = new FifoWriter(stdin);
      await writer.write('let go\n');
      assert.equal((await reader.all).length, 120_000);
    });

    test('more than fits, and a client that leaves: the end is not held up any longer', async () => {
      const stdout = await makeFifo(context, 'left');
      await using io = await TestStdio.open(host(), { stdout });
      const fd = openSync(stdout, constants.O_RDONLY | constants.O_NONBLOCK);
      assert.equal(await host().exit(await io.sh('head -c 120000 /dev/zero')), 0);
      const drained = io.call('drained', { limit: 3_600_000 });
      // Longer than to the first look at who is there.
      await new Promise((resolve) => setTimeout(resolve, 400));
      closeSync(fd);
      await drained;
    });

    test('more than fits, and a client that does not read: the limit ends it', async () => {
      const stdout = await makeFifo(context, 'unread');
      await using io = await TestStdio.open(host(), { stdout });
      const fd = openSync(stdout, constants.O_RDONLY | constants.O_NONBLOCK);
      assert.equal(await io.run('head -c 120000 /dev/zero', 400), 0);
      closeSync(fd);
    });

    test('output waits for a client that is slow, and is whole', async () => {
      const stdout = await makeFifo(context, 'slow');
      await using io = await TestStdio.open(host(), { stdout });
      const fd = openSync(stdout, constants.O_RDONLY | constants.O_NONBLOCK);
      const pid = await io.sh('i=0; while [ $i -lt 40000 ]; do echo $i; i=$((i+1)); done; echo done >&2');
      const chunks: Buffer[] = [];
      const buffer = Buffer.alloc(3000);
      for (;;) {
        try {
          const count = readSync(fd, buffer);
          if (count === 0) break;
          chunks.push(Buffer.from(buffer.subarray(0, count)));
        } catch (error) {
          assert.equal((error as NodeJS.ErrnoException).code, 'EAGAIN');
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
      closeSync(fd);
      assert.equal(await host().exit(pid), 0);
      assert.equal(Buffer.concat(chunks).toString(), Array.from({ length: 40_000 }, (_, i) => `${i}\n`).join(''));
    });

    test('a background process that holds the output delays the end by the limit and no more, and its output still comes', async () => {
      const stdout = await makeFifo(context, 'background');
      const stdin = await makeFifo(context, 'background-in');
      await using io = await TestStdio.open(host(), { stdin, stdout });
      using reader = new FifoReader(stdout);
      // The shell gives background jobs /dev/null for stdin.
      assert.equal(await io.run('exec 3<&0; (read x <&3; echo late $x) & echo early', 300), 0);
      await reader.match(/early\n/);
      using writer = new FifoWriter(stdin);
      await writer.write('bird\n');
      await reader.match(/late bird\n/);
      await io.call('drained', { limit: 20_000 });
      assert.equal((await reader.all).toString(), 'early\nlate bird\n');
    });

    test('the process gets blocking ends that it owns, and output ends that outlive their reader', async () => {
      const stdin = await makeFifo(context, 'ends-in');
      const stdout = await makeFifo(context, 'ends-out');
      await using io = await TestStdio.open(host(), { stdin, stdout, stderr: stdout, ioUid: 1234, ioGid: 5678 });
      using reader = new FifoReader(stdout);
      const { pipes } = await io.handles();
      const script =
        'for fd in 0 1 2; do stat -L -c "%u %g %i" /proc/self/fd/$fd; grep flags /proc/self/fdinfo/$fd; done; ls -l /proc/self/fd/';
      assert.equal(await io.run(script), 0);
      const text = (await reader.all).toString();
      for (const inode of [pipes.stdin, pipes.stdout, pipes.stderr])
        assert.ok(text.includes(`1234 5678 ${inode}\n`), text);
      const flags = [...text.matchAll(/flags:\t(\d+)/g)].map(([, octal]) => parseInt(octal ?? '', 8) & 0o4003);
      assert.deepEqual(flags, [constants.O_RDONLY, constants.O_RDWR, constants.O_RDWR]);
    });

    test('a process whose shim is killed writes on, and reads the end', async () => {
      const [stdin, stdout] = [await makeFifo(context, 'orphan-in'), await makeFifo(context, 'orphan-out')];
      const done = await makeFifo(context, 'orphan-done');
      using reader = new FifoReader(done);
      const doomed = context.newHost();
      const io = await TestStdio.open(doomed, { stdin, stdout });
      const { pipes } = await io.handles();
      await io.sh(`cat; echo after; echo error >&2; link=$(readlink /proc/$$/fd/1); echo $link > ${done}; true`);
      process.kill(doomed.pid, 'SIGKILL');
      // The pipe is there with what was written last, for whoever takes it over.
      assert.equal((await reader.all).toString(), `pipe:[${pipes.stdout}]\n`);
    });

    test('the process gets no descriptor but its three, and the host keeps none', async () => {
      const before = await host().call('descriptors');
      {
        const stdin = await makeFifo(context, 'kept-in');
        const stdout = await makeFifo(context, 'kept-out');
        await using io = await TestStdio.open(host(), { stdin, stdout, stderr: stdout });
        using reader = new FifoReader(stdout);
        assert.equal(await io.run('set -- /proc/self/fd/*; echo $*; sleep 0'), 0);
        // The last is the shell's own look at the directory.
        assert.match(
          (await reader.all).toString(),
          /^\/proc\/self\/fd\/0 \/proc\/self\/fd\/1 \/proc\/self\/fd\/2( \/proc\/self\/fd\/3)?\n$/,
        );
      }
      assert.equal(await host().call('descriptors'), before);
    });

    test('what cannot be opened is told by name, and nothing stays open', async () => {
      const before = await host().call('descriptors');
      const missing = join(context.directory, 'missing');
      const stdout = await makeFifo(context, 'refused');
      await assert.rejects(TestStdio.open(host(), { stdout: missing }), (error: Error) =>
        error.message.includes(`opening file "${missing}" failed`),
      );
      await assert.rejects(TestStdio.open(host(), { stdout, stderr: missing }), /client makes its FIFOs/);
      await assert.rejects(TestStdio.open(host(), { stdin: missing, stdout }), /opening file/);
      await assert.rejects(
        TestStdio.open(host(), { stdin: 'file:///nowhere/x', stdout }),
        /opening file "\/nowhere\/x"/,
      );
      await assert.rejects(
        TestStdio.open(host(), { stdout: 'ttrpc+unix:///x?streaming_id=1' }),
        /unknown STDIO scheme ttrpc\+unix/,
      );
      await assert.rejects(TestStdio.open(host(), { stdin: 'binary:///bin/cat' }), /can be written to only/);
      assert.equal(await host().call('descriptors'), before);
    });
  });
}
