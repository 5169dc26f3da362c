import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Mount } from '../../../../pkg/mounts/mount.ts';
import { formatMount } from '../../../../services/mounts/format-mount.ts';
import type { ActiveMount } from '../../../../services/mounts/mount-manager.ts';
import { planActivation } from '../../../../services/mounts/plan-activation.ts';

function mount(type: string, source = 's', options: readonly string[] = []): Mount {
  return { type, source, target: '', options };
}

function types(mounts: readonly string[], temporary = false): [readonly string[], readonly string[]] {
  const { ours, system } = planActivation(
    mounts.map((type) => mount(type)),
    temporary,
  );
  return [ours.map((planned) => planned.mount.type), system.map((planned) => planned.mount.type)];
}

test('what the daemon performs: up to the last device, before the last transformation', () => {
  assert.deepEqual(types(['loop', 'ext4']), [['loop'], ['ext4']]);
  assert.deepEqual(types(['bind', 'format/overlay']), [['bind'], ['overlay']]);
  assert.deepEqual(types(['format/bind', 'loop', 'ext4', 'mkdir/format/overlay', 'bind']), [
    ['bind', 'loop', 'ext4'],
    ['overlay', 'bind'],
  ]);
  assert.deepEqual(types(['format/loop']), [['loop'], []]);
  assert.deepEqual(types(['bind', 'bind'], true), [['bind', 'bind'], []]);
  assert.throws(() => types(['bind', 'overlay']), /not implemented$/);
  assert.throws(() => types([], true), /not implemented$/);
  assert.throws(() => types(['format/mkfs/loop']), /transformation "mkfs".*not implemented$/);
});

test('templates', () => {
  const before: ActiveMount[] = [0, 1, 2].map((index) => ({
    mount: { type: 'x', source: `s${index}`, target: `t${index}`, options: [] },
    mountPoint: `/m/${index}`,
    mountedAt: 0n,
  }));
  const filled = (text: string): string => formatMount(mount('x', text), before).source;
  assert.equal(filled('{{ source 0 }}:{{target 1}}:{{-  mount  2 -}}'), 's0:t1:/m/2');
  assert.equal(filled('{{ overlay 0 2 }}'), '/m/0:/m/1:/m/2');
  assert.equal(filled('{{ overlay 2 1 }}'), '/m/2:/m/1');
  assert.equal(filled('}} { {'), '}} { {');
  const { options, target } = formatMount(
    { ...mount('x', '', ['a={{ mount 0 }}', 'b']), target: '{{ mount 1 }}' },
    before,
  );
  assert.deepEqual([options, target], [['a=/m/0', 'b'], '/m/1']);
  for (const bad of [
    '{{ mount 3 }}',
    '{{ mount }}',
    '{{ mount 0 1 }}',
    '{{ mount -1 }}',
    '{{ overlay 0 9999 }}',
    '{{',
    '{{ env "x" }}',
  ])
    assert.throws(() => filled(bad), /invalid argument$/, bad);
});
