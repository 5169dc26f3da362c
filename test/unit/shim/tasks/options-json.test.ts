import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Options } from '../../../../api/gen/containerd/runc/v1/runc.ts';
import { optionsFromJson, optionsToJson } from '../../../../shim/tasks/options-json.ts';

test('options are written as the Go shim writes them, without what is at its default', () => {
  const options = Options.fromPartial({ binaryName: 'crun', systemdCgroup: true, ioUid: 7, root: '/run/x' });
  assert.equal(optionsToJson(options), '{"io_uid":7,"binary_name":"crun","root":"/run/x","systemd_cgroup":true}');
  assert.equal(optionsToJson(Options.fromPartial({})), '{}');
});

test('options are read again, whoever wrote them', () => {
  const options = Options.fromPartial({ noPivotRoot: true, criuWorkPath: '/w', ioGid: 9 });
  assert.deepEqual(optionsFromJson(optionsToJson(options)), options);
});

test('what is unknown, of a wrong type or no JSON counts for nothing', () => {
  const usual = Options.fromPartial({});
  for (const text of [
    '',
    'nonsense',
    '[1]',
    'null',
    '{"root":5,"io_uid":"x","frobnicate":true,"__proto__":{"root":"/x"}}',
  ]) {
    assert.deepEqual(optionsFromJson(text), usual);
  }
});
