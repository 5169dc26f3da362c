import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from 'node:test';
import { ShimContainer } from '../../lab/shim-container.ts';
import { ShimLab } from '../../lab/shim-lab.ts';
import { refused } from './refusals.ts';
import { shimTest, type ShimUnderTest } from './shim-under-test.ts';

const sh = (script: string): { args: string[] } => ({ args: ['/bin/sh', '-c', script] });

/** A line of a CRI log: time, stream, whether it is whole, text. */
const logLine = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}(?:Z|[+-]\d\d:\d\d)) (stdout|stderr) ([FP]) (.*)$/;

/** The lines of a log, without their times, which must not go back. */
function linesOf(path: string): string[] {
  const text = readFileSync(path, 'utf8');
  assert.ok(text.endsWith('\n'), 'the last line is whole');
  let last = '';
  return text
    .slice(0, -1)
    .split('\n')
    .map((line) => {
      const [, at = '', stream = '', tag = '', rest = ''] =
        logLine.exec(line) ?? assert.fail(`no line of a log: ${line}`);
      assert.ok(at >= last, `${at} after ${last}`);
      last = at;
      return `${stream} ${tag} ${rest}`;
    });
}

/** Forms of streams that not all shims know. */
export function logArea(shim: ShimUnderTest): void {
  describe('cri-log://', () => {
    if (!shim.supports.writesCriLogs) {
      shimTest('is refused by its name', async () => {
        await using lab = await ShimLab.open(shim);
        const uri = `cri-log://${join(lab.directory, 'log')}`;
        const created = ShimContainer.create(lab, {}, { stdout: uri, stderr: uri });
        await assert.rejects(created, refused(/STDIO .*cri-log/, 'unknown', 'invalid-argument'));
      });
      return;
    }

    shimTest('takes both outputs, line by line, with times and streams, and a last one that has no end', async () => {
      await using lab = await ShimLab.open(shim);
      const path = join(lab.directory, 'logs', '0.log');
      const uri = `cri-log://${path}`;
      const script = 'echo one; echo two >&2; /bin/busybox printf "three\\n\\nfour"';
      const container = await ShimContainer.run(lab, sh(script), { stdout: uri, stderr: uri });
      assert.equal(await container.wait(), 0);
      await container.end();
      const lines = linesOf(path);
      assert.deepEqual(
        lines.filter((line) => line.startsWith('stdout')).map((line) => line.slice(7).replace(/^P (?=four)/, 'F ')),
        ['F one', 'F three', 'F ', 'F four'],
      );
      assert.deepEqual(
        lines.filter((line) => line.startsWith('stderr')),
        ['stderr F two'],
      );
    });

    shimTest('cuts what is too long, and loses nothing', async () => {
      await using lab = await ShimLab.open(shim);
      const path = join(lab.directory, '0.log');
      const uri = `cri-log://${path}?max-line=1000`;
      const text = Array.from({ length: 5000 }, (_, index) => String(index)).join(' ');
      writeFileSync(join(lab.rootfs, 'data'), `${text}\nshort\n`);
      const container = await ShimContainer.run(lab, { args: ['/bin/cat', '/data'] }, { stdout: uri, stderr: uri });
      assert.equal(await container.wait(), 0);
      await container.end();
      const lines = linesOf(path);
      const long = lines.slice(0, -1);
      assert.equal(lines.at(-1), 'stdout F short');
      assert.equal(long.map((line) => line.slice('stdout P '.length)).join(''), text);
      assert.deepEqual([...new Set(long.slice(0, -1).map((line) => line.slice(0, 9)))], ['stdout P ']);
      assert.match(long.at(-1) ?? '', /^stdout F /);
      assert.ok(long.every((line) => line.length <= 1000 + 'stdout P '.length));
    });

    shimTest('is appended to', async () => {
      await using lab = await ShimLab.open(shim);
      const path = join(lab.directory, '0.log');
      const uri = `cri-log://${path}`;
      for (const round of [1, 2]) {
        const container = await ShimContainer.run(lab, sh(`echo ${round}`), { stdout: uri, stderr: uri });
        assert.equal(await container.wait(), 0);
        await container.end();
      }
      assert.deepEqual(linesOf(path), ['stdout F 1', 'stdout F 2']);
    });
  });

  describe('binary-v2://', () => {
    /** A logger that says that it is ready, or ends without. */
    function logger(lab: ShimLab, ready: string): string {
      const path = join(lab.directory, 'logger');
      const script = ['#!/bin/sh', 'trap "" TERM', `cd '${lab.directory}'`, ready, 'exec 5>&-', 'cat <&3 >logged'];
      writeFileSync(path, `${script.join('\n')}\n`, { mode: 0o755 });
      return `binary-v2://${path}`;
    }

    if (!shim.supports.strictLoggers) return;

    shimTest('is a program that must say that it is ready', async () => {
      await using lab = await ShimLab.open(shim);
      const uri = logger(lab, 'printf x >&5');
      const container = await ShimContainer.run(lab, sh('echo logged'), { stdout: uri, stderr: uri });
      assert.equal(await container.wait(), 0);
      await container.end();
      assert.equal(readFileSync(join(lab.directory, 'logged'), 'utf8'), 'logged\n');
    });

    shimTest('fails the create when it does not', async () => {
      await using lab = await ShimLab.open(shim);
      const uri = logger(lab, 'exec 5>&-; exit 3');
      const created = ShimContainer.create(lab, {}, { stdout: uri, stderr: uri });
      await assert.rejects(
        created,
        refused(/logg|binary|ready/i, 'unknown', 'failed-precondition', 'unavailable', 'internal'),
      );
    });
  });
}
