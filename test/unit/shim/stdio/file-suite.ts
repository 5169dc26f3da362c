import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { SmallFilesystem } from '../../../lab/small-filesystem.ts';
import { TestStdio } from './stdio-host.ts';
import type { SuiteContext } from './suite-context.ts';

/** Output to files. */
export function fileSuite(context: SuiteContext): void {
  suite('files', { timeout: 120_000 }, () => {
    const host = () => context.host();

    test('large output arrives whole', async () => {
      const path = join(context.directory, 'file-large');
      await using io = await TestStdio.open(host(), { stdout: `file://${path}` });
      assert.equal(await io.run(`cat ${context.large.path}`), 0);
      assert.equal(createHash('sha256').update(readFileSync(path)).digest('hex'), context.large.sha256);
    });

    test('a file is made with its parents, appended to, and may be that of both', async () => {
      const path = join(context.directory, 'new/parents/a file');
      const uri = `file://${path.replace(' ', '%20')}`;
      for (const round of ['one', 'two']) {
        await using io = await TestStdio.open(host(), { stdout: uri, stderr: uri });
        assert.equal(await io.run(`echo out ${round}; sleep 0.01; echo err ${round} >&2`), 0);
      }
      assert.deepEqual(readFileSync(path, 'utf8').split('\n').sort(), ['', 'err one', 'err two', 'out one', 'out two']);
      assert.equal(statSync(path).mode & 0o777, 0o644);
      assert.equal(statSync(join(context.directory, 'new')).mode & 0o777, 0o755);
    });

    test('stdout and stderr may go to a file each, and what is there by its path alone is appended to', async () => {
      const [out, err] = [join(context.directory, 'each-out'), join(context.directory, 'each-err')];
      writeFileSync(err, 'before\n');
      await using io = await TestStdio.open(host(), { stdout: `file://${out}`, stderr: err });
      assert.equal(await io.run('echo out; echo err >&2'), 0);
      assert.deepEqual([readFileSync(out, 'utf8'), readFileSync(err, 'utf8')], ['out\n', 'before\nerr\n']);
    });

    test('stdin may be a file', async () => {
      const [stdin, stdout] = [join(context.directory, 'file-in'), join(context.directory, 'file-in-out')];
      writeFileSync(stdin, 'from a file\n');
      await using io = await TestStdio.open(host(), { stdin, stdout: `file://${stdout}` });
      assert.equal(await io.run('cat'), 0);
      assert.equal(readFileSync(stdout, 'utf8'), 'from a file\n');
    });

    test('nothing is /dev/null', async () => {
      const path = join(context.directory, 'null');
      await using io = await TestStdio.open(host(), {});
      assert.deepEqual(io.opened.childFds, [-1, -1, -1]);
      assert.equal(
        await io.run(
          `readlink /proc/self/fd/0 > ${path}; [ /dev/stdout -ef /dev/null ] && [ /dev/stderr -ef /dev/null ]`,
        ),
        0,
      );
      assert.equal(readFileSync(path, 'utf8'), '/dev/null\n');
    });

    test('a full disk loses output, which is told, and never holds the process', async () => {
      await using disk = await SmallFilesystem.mount(join(context.directory, 'small'), 4);
      const path = join(disk.path, 'out');
      const io = await TestStdio.open(host(), { stdout: `file://${path}` });
      assert.equal(await io.run('head -c 9000000 /dev/zero; exit 7'), 7);
      await io[Symbol.asyncDispose]();
      assert.ok(statSync(path).size > 0);
      assert.match(host().stderr, /stdout: .*small\/out did not take [0-9]+ bytes, which are lost/);
    });
  });
}
