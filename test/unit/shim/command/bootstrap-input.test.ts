import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BootstrapParams } from '../../../../api/gen/containerd/runtime/bootstrap/v1/bootstrap.ts';
import { Options } from '../../../../api/gen/containerd/runc/v1/runc.ts';
import { Any } from '../../../../api/gen/google/protobuf/any.ts';
import { parseBootstrapInput } from '../../../../shim/command/bootstrap-input.ts';

const options: Any = {
  typeUrl: 'containerd.runc.v1.Options',
  value: Options.encode(Options.fromPartial({ binaryName: 'crun' })).finish(),
};
const params = BootstrapParams.fromPartial({
  instanceId: 'c1',
  namespace: 'default',
  containerdVersion: '2.3.4',
  containerdTtrpcAddress: '/run/d.sock.ttrpc',
  extensions: [{ value: options }],
});

test('nothing at all comes from a daemon before 2.3 without options', () => {
  assert.deepEqual(parseBootstrapInput(new Uint8Array(), 'c1', 'default'), { params: undefined, options: undefined });
});

test('parameters are known by the id and the namespace of the command line, and bring the options along', () => {
  const input = parseBootstrapInput(BootstrapParams.encode(params).finish(), 'c1', 'default');
  assert.equal(input.params?.containerdTtrpcAddress, '/run/d.sock.ttrpc');
  assert.ok(input.options);
  assert.equal(input.options.typeUrl, 'containerd.runc.v1.Options');
  assert.deepEqual([...input.options.value], [...options.value]);
});

test('bare options are options', () => {
  const input = parseBootstrapInput(Any.encode(options).finish(), 'c1', 'default');
  assert.equal(input.params, undefined);
  assert.equal(input.options?.typeUrl, 'containerd.runc.v1.Options');
});

test('options are not taken for parameters, even of a container that is called like their type', () => {
  const tricky = { typeUrl: 'containerd.runc.v1.Options', value: new TextEncoder().encode('default') };
  const input = parseBootstrapInput(Any.encode(tricky).finish(), 'containerd.runc.v1.Options', 'default');
  assert.equal(input.params, undefined);
  assert.equal(input.options?.typeUrl, 'containerd.runc.v1.Options');
});

test('what is neither is refused', () => {
  for (const bytes of [
    [0xff, 0xff, 0xff],
    [0x0a, 0x05, 0x61],
    [0x0a, 0x01, 0x0a],
  ]) {
    assert.throws(() => parseBootstrapInput(Uint8Array.from(bytes), 'c1', 'default'), /neither parameters nor options/);
  }
});
