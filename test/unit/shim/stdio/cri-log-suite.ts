import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { makeFifo } from '../../../../pkg/sys/make-fifo.ts';
import { FifoReader } from '../../../lab/fifo-ends.ts';
import { runProgram } from '../../../lab/run-program.ts';
import { SmallFilesystem } from '../../../lab/small-filesystem.ts';
import { TestStdio } from './stdio-host.ts';
import type { SuiteContext } from './suite-context.ts';

interface Entry {
  readonly time: string;
  readonly stream: string;
  readonly tag: string;
  readonly text: string;
}

const record = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z) (stdout|stderr) ([PF]) (.*)$/s;

function parse(line: string): Entry {
  const [, time, stream, tag, text] = record.exec(line) ?? assert.fail(`not a record: ${line.slice(0, 200)}`);
  return { time: time ?? '', stream: stream ?? '', tag: tag ?? '', text: text ?? '' };
}

function entriesOf(path: string): Entry[] {
  const text = readFileSync(path, 'latin1');
  if (text === '') return [];
  assert.equal(text.at(-1), '\n');
  return text.slice(0, -1).split('\n').map(parse);
}

function tagged(path: string): string[] {
  return entriesOf(path).map(({ stream, tag, text }) => `${stream} ${tag} ${text}`);
}

/** What a stream's records say, put together. */
function textOf(entries: readonly Entry[], stream: string): string {
  return entries
    .filter((entry) => entry.stream === stream)
    .map(({ tag, text }) => (tag === 'F' ? `${text}\n` : text))
    .join('');
}

/** Output as CRI log lines. */
export function criLogSuite(context: SuiteContext): void {
  suite('CRI logs', { timeout: 120_000 }, () => {
    const host = () => context.host();
    const at = (name: string): string => join(context.directory, name);

    test('lines become records in order, an unfinished one at the end a partial one, and a carriage return at the end of a line is dropped', async () => {
      const path = at('log-lines');
      await using io = await TestStdio.open(host(), { stdout: `cri-log://${path}`, stderr: `cri-log://${path}` });
      assert.equal(
        await io.run(
          String.raw`printf 'one\n\ntwo\r\nth\rree\n\r\r\nfour'; sleep 0.05; printf 'err' >&2; sleep 0.05; printf 'or\n' >&2`,
        ),
        0,
      );
      const lines = [
        'stdout F one',
        'stdout F ',
        'stdout F two',
        'stdout F th\rree',
        'stdout F \r',
        'stderr F error',
        'stdout P four',
      ];
      assert.deepEqual(tagged(path).sort(), lines.sort());
      assert.equal(statSync(path).mode & 0o777, 0o640);
    });

    test('no two records have the same time, and sorting by it leaves them in order', async () => {
      const path = at('log-times');
      const before = Date.now();
      await using io = await TestStdio.open(host(), { stdout: `cri-log://${path}` });
      assert.equal(await io.run('yes "" | head -n 200000; sleep 0.01; echo last'), 0);
      const after = Date.now();
      const times = entriesOf(path).map(({ time }) => time);
      assert.deepEqual(times, [...new Set(times)].sort());
      assert.ok(Date.parse(times[0] ?? '') >= before, times[0]);
      assert.ok(Date.parse(times.at(-1) ?? '') <= after, times.at(-1));
    });

    test('a longer line is cut where the limit says, to the byte, however it comes', async () => {
      const lines = [
        '',
        'a',
        'abcdefg',
        'abcdefgh',
        'abcdefghi',
        'abcdefgh\r',
        'abcdefgh\ri',
        'abcdefghi\r',
        'abcdefghabcdefgh',
        'abcdefgh\r\r',
        '\r\r\r\r\r\r\r\r\r\r',
      ];
      const expected = lines.flatMap((line) => {
        const whole = line.endsWith('\r') ? line.slice(0, -1) : line;
        const pieces = whole.match(/[^]{1,8}/g) ?? [''];
        return pieces.map((piece, i) => `stdout ${i + 1 < pieces.length ? 'P' : 'F'} ${piece}`);
      });
      const input = at('log-cut-in');
      writeFileSync(input, lines.map((line) => `${line}\n`).join(''));
      for (const size of [1, 2, 3, 9, 1000]) {
        const path = at(`log-cut-${size}`);
        await using io = await TestStdio.open(host(), { stdout: `cri-log://${path}?max-line=8` });
        // Bytes that come one by one are read in all kinds of pieces.
        assert.equal(await io.run(`dd if=${input} bs=${size} 2>/dev/null`), 0);
        assert.deepEqual(tagged(path), expected, `pieces of ${size}`);
      }
    });

    test('hostile lengths: endless lines, empty lines, NUL bytes, long lines that end in a carriage return', async () => {
      const path = at('log-hostile');
      await using io = await TestStdio.open(host(), { stdout: `cri-log://${path}`, stderr: `cri-log://${path}` });
      const script = `head -c 5000000 /dev/zero & yes '' | head -n 50000 >&2; wait; printf '%16384s\\r\\n' x; printf '%16385s\\n' y`;
      assert.equal(await io.run(script), 0);
      const entries = entriesOf(path);
      for (const { text } of entries) assert.ok(text.length <= 16384);
      assert.equal(textOf(entries, 'stderr'), '\n'.repeat(50_000));
      const spaces = (count: number): string => ' '.repeat(count);
      assert.equal(textOf(entries, 'stdout'), `${'\0'.repeat(5_000_000)}${spaces(16383)}x\n${spaces(16384)}y\n`);
    });

    test('large output is whole', async () => {
      const path = at('log-large');
      await using io = await TestStdio.open(host(), { stdout: `cri-log://${path}?max-line=100` });
      assert.equal(await io.run(`cat ${context.large.path}`), 0);
      const hash = createHash('sha256');
      for await (const line of createInterface({ input: createReadStream(path) })) {
        const { tag, text } = parse(line);
        hash.update(text);
        if (tag === 'F') hash.update('\n');
      }
      assert.equal(hash.digest('hex'), context.large.sha256);
      assert.deepEqual(await io.call('logState'), { written: statSync(path).size, lost: 0, error: 0 });
    });

    test('a log that is rotated all the time loses no line, and cuts none', async () => {
      const path = at('log-rotated');
      const stdin = at('log-rotated-in');
      makeFifo(stdin, 0o600);
      const io = await TestStdio.open(host(), { stdin, stdout: `cri-log://${path}`, stderr: `cri-log://${path}` });
      // The rest only once it has been rotated twice.
      const pid = await io.sh('seq 1 100000 & seq 1 100000 >&2; wait; read x; seq 100001 300000');
      let rotations = 0;
      let over = false;
      const exited = host()
        .exit(pid)
        .then(() => (over = true));
      while (!over) {
        if (existsSync(path)) renameSync(path, `${path}.${rotations++}`);
        await io.call('reopen');
        if (rotations === 2) writeFileSync(stdin, 'on\n');
      }
      await exited;
      await io.call('drained', { limit: 60_000 });
      await io[Symbol.asyncDispose]();
      const files = [...Array.from({ length: rotations }, (_, i) => `${path}.${i}`), path];
      const all = files.flatMap(entriesOf);
      const lines = (count: number): string => Array.from({ length: count }, (_, i) => `${i + 1}\n`).join('');
      assert.equal(textOf(all, 'stdout'), lines(300_000));
      assert.equal(textOf(all, 'stderr'), lines(100_000));
      assert.ok(all.every(({ tag }) => tag === 'F'));
      assert.ok(rotations > 1, `${rotations} rotations`);
    });

    test('a log that cannot be opened anew goes on where it is', async () => {
      const path = at('log-stays/log');
      await using io = await TestStdio.open(host(), { stdout: `cri-log://${path}` });
      renameSync(at('log-stays'), at('log-moved'));
      await assert.rejects(io.call('reopen'), /ENOENT/);
      assert.equal(await io.run('echo here'), 0);
      assert.deepEqual(tagged(at('log-moved/log')), ['stdout F here']);
    });

    test('a log that a crash left within a record goes on with a whole one', async () => {
      const path = at('log-crashed');
      writeFileSync(path, '2026-01-01T00:00:00.000000000Z stdout F hal');
      await using io = await TestStdio.open(host(), { stdout: `cri-log://${path}` });
      assert.equal(await io.run('echo next'), 0);
      assert.deepEqual(tagged(path), ['stdout F hal', 'stdout F next']);
    });

    test('a full disk loses whole records, and the log goes on when there is room', async () => {
      await using disk = await SmallFilesystem.mount(at('small-log'), 16);
      const path = join(disk.path, 'log');
      const stdin = at('small-log-in');
      assert.equal((await runProgram('mkfifo', [stdin])).code, 0);
      const io = await TestStdio.open(host(), { stdin, stdout: `cri-log://${path}` });
      disk.fill(100_000);
      const pid = await io.sh('seq 1 50000; echo full; read x; echo room again');
      using reader = new FifoReader(stdin);
      while ((await io.call<{ lost: number }>('logState')).lost < 1_000_000)
        await new Promise((resolve) => setImmediate(resolve));
      reader[Symbol.dispose]();
      disk.clear();
      await io.call('closeStdin');
      assert.equal(await host().exit(pid), 0);
      await io.call('drained', { limit: 20_000 });
      const { lost } = await io.call<{ lost: number }>('logState');
      await io[Symbol.asyncDispose]();
      const entries = entriesOf(path);
      assert.equal(entries.at(-1)?.text, 'room again');
      assert.ok(lost > 1_000_000 && entries.length > 1000, `${lost} bytes, ${entries.length} records`);
    });

    test('64 readers get all that comes, a hung one is let go, and the log has everything', async () => {
      const path = at('log-readers');
      const stdin = at('log-readers-in');
      assert.equal((await runProgram('mkfifo', [stdin])).code, 0);
      const fifos = Array.from({ length: 66 }, (_, i) => at(`reader-${i}`));
      assert.equal((await runProgram('mkfifo', fifos)).code, 0);
      await using io = await TestStdio.open(host(), { stdin, stdout: `cri-log://${path}` });
      const readers = fifos.map((fifo) => new FifoReader(fifo));
      for (const fifo of fifos) await io.call('attach', { stream: 'stdout', path: fifo });
      const [hung, gone] = [readers.pop(), readers.pop()];
      hung?.pause();
      gone?.[Symbol.dispose]();
      const pid = await io.sh('seq 1 200000');
      assert.equal(await host().readerEnd(fifos[64] ?? ''), 'left');
      assert.equal(await host().readerEnd(fifos[65] ?? ''), 'lagged');
      assert.equal(await host().exit(pid), 0);
      await io.call('drained', { limit: 20_000 });
      const whole = Array.from({ length: 200_000 }, (_, i) => `${i + 1}\n`).join('');
      for (const reader of readers) assert.ok((await reader.all).toString() === whole, 'a reader lacks something');
      for (const fifo of fifos.slice(0, 64)) assert.equal(await host().readerEnd(fifo), 'ended');
      assert.equal(textOf(entriesOf(path), 'stdout'), whole);
      hung?.[Symbol.dispose]();
    });
  });
}
