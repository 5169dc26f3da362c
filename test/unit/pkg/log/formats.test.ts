import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jsonFormat } from '../../../../pkg/log/json-format.ts';
import { LineLogger } from '../../../../pkg/log/line-logger.ts';
import { textFormat } from '../../../../pkg/log/text-format.ts';

const time = '2026-11-21T11:21:00.921738756Z';

test('the text format is what containerd 2.1.9 prints', () => {
  assert.equal(
    textFormat({
      level: 'info',
      message: 'starting containerd',
      time,
      fields: { version: '2.1.9+unknown', revision: '' },
    }),
    `time="${time}" level=info msg="starting containerd" revision= version=2.1.9+unknown\n`,
  );
  assert.equal(
    textFormat({ level: 'info', message: 'serving...', time, fields: { address: '/tmp/c.sock' } }),
    `time="${time}" level=info msg=serving... address=/tmp/c.sock\n`,
  );
  assert.equal(
    textFormat({
      level: 'warn',
      message: 'x',
      time,
      fields: { error: new Error('a "b"'), key: 'grpc xx', n: 3, b: 4n },
    }),
    `time="${time}" level=warning msg=x b=4 error="a \\"b\\"" key="grpc xx" n=3\n`,
  );
});

test('a line stays one line, and a field cannot pass for another', () => {
  const hostile = textFormat({ level: 'info', message: 'a\nlevel=error', time, fields: { msg: 'b', id: 'x" y=1' } });
  assert.equal(hostile, `time="${time}" level=info msg="a\\nlevel=error" id="x\\" y=1" fields.msg=b\n`);
});

test('the JSON format has sorted members', () => {
  const fields = { type: 'io.containerd.grpc.v1', id: 'x', error: new Error('no'), big: 5n, level: 'mine' };
  assert.equal(
    jsonFormat({ level: 'warn', message: 'loading', time, fields }),
    `{"big":"5","error":"no","fields.level":"mine","id":"x","level":"warning","msg":"loading","time":"${time}","type":"io.containerd.grpc.v1"}\n`,
  );
});

test('what cannot be printed does not break the line', () => {
  const loop: Record<string, unknown> = {};
  loop['self'] = loop;
  assert.match(textFormat({ level: 'info', message: 'm', time, fields: { loop } }), /loop="\[unprintable\]"/);
  assert.match(jsonFormat({ level: 'info', message: 'm', time, fields: { loop } }), /"msg":"m"/);
});

test('levels below the logger’s are left out, and fields are inherited', () => {
  const lines: string[] = [];
  const sink = { write: (line: string) => void lines.push(line.replace(/time="[^"]+" /, '')) };
  const log = new LineLogger({ sink, format: textFormat, level: 'warn' }).with({ id: 'a' });
  log.info('no');
  log.warn('yes', { n: 1 });
  log.error('too', { id: 'b' });
  assert.deepEqual(lines, ['level=warning msg=yes id=a n=1\n', 'level=error msg=too id=b\n']);
});

test('times have nine digits and do not run backwards', () => {
  const times: string[] = [];
  const sink = { write: (line: string) => void times.push(/time="([^"]+)"/.exec(line)?.[1] ?? '') };
  const log = new LineLogger({ sink, format: textFormat });
  for (let count = 0; count < 500; count++) log.info('x');
  for (const each of times) assert.match(each, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
  assert.deepEqual([...times].sort(), times);
});
