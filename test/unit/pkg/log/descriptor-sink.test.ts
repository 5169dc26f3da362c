import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { DescriptorSink } from '../../../../pkg/log/descriptor-sink.ts';
import { native } from '../../../../pkg/sys/native.ts';

test('lines reach a file at once', () => {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-log-'));
  const file = join(directory, 'log');
  const fd = openSync(file, 'a');
  try {
    const sink = DescriptorSink.open(fd);
    sink.write('one\n');
    sink.write('two\n');
    assert.equal(readFileSync(file, 'utf8'), 'one\ntwo\n');
  } finally {
    closeSync(fd);
    rmSync(directory, { recursive: true });
  }
});

test('a pipe that nobody reads holds nobody up; what fits in memory arrives later, and the rest is counted', async () => {
  const [read, write] = native.pipe();
  const sink = DescriptorSink.open(write);
  const line = `${'x'.repeat(1023)}\n`;
  const lines = 3000;
  for (let count = 0; count < lines; count++) sink.write(line);
  // Nothing was waited for: the pipe holds 64 KiB, memory 1 MiB, and the rest is gone.
  const reader = new Socket({ fd: read });
  let text = '';
  let ended = false;
  for await (const chunk of reader) {
    text += String(chunk);
    // The count of what was dropped comes when all else is out.
    if (!ended && text.includes(' lines dropped')) {
      ended = true;
      sink.write('last\n');
    }
    if (text.endsWith('last\n')) break;
  }
  const whole = text.split('\n').filter((each) => each.length === 1023).length;
  const [, dropped = ''] = /msg="(\d+) lines dropped/.exec(text) ?? [];
  assert.equal(whole + Number(dropped), lines);
  assert.ok(whole >= 1024);
  native.close(write);
  sink.write('nobody reads this any more\n');
});
