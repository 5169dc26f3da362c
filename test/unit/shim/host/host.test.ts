import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, watch } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { buildShim } from '../../../../scripts/build-shim.ts';

const groups = ['children', 'files', 'globals', 'loop', 'mounts', 'sockets', 'streams', 'text'] as const;
const endings = { uncaught: 70, idle: 71 } as const;
const here = import.meta.dirname;
const scratch = mkdtempSync(join(tmpdir(), 'gantry-host-'));
const sender = join(scratch, 'send-descriptors');

/** Runs the program in a mount namespace of its own. */
function runHost(program: string, ...args: string[]) {
  return spawnSync('unshare', ['--mount', program, ...args], {
    encoding: 'utf8',
    timeout: 60_000,
    killSignal: 'SIGKILL',
  });
}

before(() => {
  const made = spawnSync(
    'gcc',
    ['-O1', '-Wall', '-Wextra', '-Werror', '-o', sender, join(here, 'send-descriptors.c')],
    {
      encoding: 'utf8',
    },
  );
  assert.equal(made.status, 0, made.stderr);
});

test("blocks of the engine's memory keep what is in them", () => {
  const root = join(here, '../../../..');
  const program = join(scratch, 'small-memory');
  const source = join(root, 'native/quickjs');
  const made = spawnSync(
    'gcc',
    [
      ...['-std=gnu17', '-O1', '-g', '-D_GNU_SOURCE', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'],
      ...['-Wall', '-Wextra', '-Werror', '-I', source, '-I', join(root, 'native/lib')],
      ...['-isystem', join(root, '.cache/engine'), '-o', program],
      ...[join(here, 'small-memory-test.c'), join(source, 'small-memory.c')],
    ],
    { encoding: 'utf8' },
  );
  assert.equal(made.status, 0, made.stderr);
  for (const seed of ['1', '2', '3', '4']) {
    const { status, stdout, stderr } = spawnSync(program, [seed], { encoding: 'utf8' });
    assert.deepEqual([status, stdout, stderr], [0, '', ''], `seed ${seed}`);
  }
});

after(() => rmSync(scratch, { recursive: true, force: true }));

for (const sanitize of [false, true]) {
  describe(sanitize ? 'the host under AddressSanitizer and UBSan' : 'the host', () => {
    const program = join(scratch, sanitize ? 'checks-asan' : 'checks');

    before(async () => buildShim({ entry: join(here, 'in-host/main.ts'), output: program, sanitize }));

    for (const group of groups) {
      test(group, async (t) => {
        const directory = mkdtempSync(join(scratch, `${group}-`));
        const { status, stdout, stderr } = runHost(program, group, directory, sender);
        const lines = stdout.trimEnd().split('\n');
        for (const line of lines) {
          const [, failed, name = '', why = ''] = /^(not )?ok ([^:]+)(?:: (.*))?$/.exec(line) ?? [];
          await t.test(name, () => assert.equal(failed, undefined, why));
        }
        assert.notEqual(stdout, '', stderr);
        // 71 when nothing is left, and with it none of what the engine or malloc gave.
        assert.equal(status, endings.idle, stderr);
      });
    }

    after(() => {
      const reports = readdirSync(scratch).filter((name) => name.includes('.report.'));
      assert.deepEqual(
        reports.map((name) => readFileSync(join(scratch, name), 'utf8')),
        [],
      );
    });

    test('an exception of a program that starts ends it, with its stack', () => {
      const { status, stderr } = runHost(program, 'throws at once', scratch);
      assert.equal(status, endings.uncaught);
      assert.match(stderr, /^uncaught: TypeError: as it must\n[^]*nameInStack/);
    });

    test('an exception of a callback is told with its stack, and ends nothing', () => {
      const { status, stderr } = runHost(program, 'throws in a callback', scratch);
      assert.equal(status, 5);
      assert.match(stderr, /^uncaught: TypeError: as it must\n.*nameInStack.*\n.*<anonymous>/);
    });

    test('a callback that throws is not called again for the same, until somebody asks', () => {
      const { status, stderr } = runHost(program, 'throws whenever it is asked', scratch);
      assert.equal(status, 5);
      assert.equal(stderr.match(/^uncaught/gm)?.length, 2, stderr);
    });

    test('a rejection that nobody handles is told, with its cause, and ends nothing', () => {
      const { status, stderr } = runHost(program, 'rejects and goes on', scratch);
      assert.equal(status, 5);
      assert.match(stderr, /^unhandled rejection: Error: nobody cares\n[^]*caused by: Error: a deeper reason\n/);
      assert.doesNotMatch(stderr, /somebody cares/);
    });

    test('memory has an end', () => {
      const { status, stderr } = runHost(program, 'eats all memory', scratch);
      assert.equal(status, endings.uncaught);
      assert.match(stderr, /out of memory/);
    });

    test('who asks for more memory than there is does not end the others', () => {
      const { status, stderr } = runHost(program, 'eats all memory in a callback and in a job', scratch);
      assert.equal(status, 'still here'.length, stderr);
      assert.equal(stderr.match(/out of memory/g)?.length, 2, stderr);
    });

    test('whoever connects while there are no descriptors left is let in later', () => {
      const directory = mkdtempSync(join(scratch, 'few-'));
      const { status, stderr } = spawnSync('prlimit', ['--nofile=64', program, 'runs out of descriptors', directory], {
        encoding: 'utf8',
        timeout: 60_000,
      });
      assert.equal(status, 7, stderr);
      assert.match(stderr, /^connections have to wait: EMFILE/);
      // Told once, not again and again.
      assert.equal(stderr.split('\n').length, 2, stderr);
    });

    test('a log that nobody reads holds nothing up', async () => {
      // Never read, so that it fills.
      const child = spawn(program, ['talks to nobody', scratch], { stdio: ['ignore', 'ignore', 'pipe'] });
      const [code] = await new Promise<[number | null]>(
        (resolve) => void child.on('exit', (...ended) => resolve([ended[0]])),
      );
      assert.equal(code, 6);
    });

    test('a detached child leads a session, keeps what it was told to keep, and its timers and watches', async () => {
      const directory = mkdtempSync(join(scratch, 'detach-'));
      const written = new Promise<void>((resolve) => {
        const watcher = watch(directory, (_event, name) => {
          if (name !== 'child') return;
          watcher.close();
          resolve();
        });
      });
      const { status, stdout, stderr } = runHost(program, 'detaches', directory);
      assert.deepEqual([status, stdout, stderr], [4, '', '']);
      await written;
      const told = JSON.parse(readFileSync(join(directory, 'child'), 'utf8')) as Record<string, unknown>;
      assert.deepEqual(told['places'], ['/dev/null', '/dev/null', join(directory, 'errors')]);
      assert.equal(told['session'], told['pid']);
      assert.equal(told['kept'], true);
      // Standard ones, the two kept, the loop's, the client's end, and what the list is read with.
      assert.equal(told['open'], 8);
      assert.equal(readFileSync(join(directory, 'errors'), 'utf8'), 'from the child\n');
    });
  });
}
