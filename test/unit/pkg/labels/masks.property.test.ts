import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { applyLabelMask } from '../../../../pkg/labels/apply-label-mask.ts';
import { validateLabels } from '../../../../pkg/labels/validate-labels.ts';
import { updateContainer } from '../../../../services/containers/update-container.ts';
import type { Container } from '../../../../services/containers/container-store.ts';
import type { Image } from '../../../../services/images/image-store.ts';
import { updateImage } from '../../../../services/images/update-image.ts';
import { orRefused } from '../../../lab/or-refused.ts';

const key = fc.oneof(
  fc.constantFrom('a', 'b', 'a.b', 'io.x/y', '', '__proto__', 'labels'),
  fc.string({ maxLength: 6 }),
);
const labels = fc
  .array(fc.tuple(key, fc.oneof(fc.constant(''), fc.string({ maxLength: 4 }))))
  .map((all) => new Map(all));
const path = fc.oneof(
  fc.constantFrom(
    'labels',
    'labels.',
    'label',
    'target',
    'spec',
    'image',
    'snapshotkey',
    'extensions',
    'annotations',
    '',
    '.',
    'labels.a.b',
  ),
  key.map((name) => `labels.${name}`),
  key.map((name) => `annotations.${name}`),
  fc.string({ maxLength: 8 }),
);
const paths = fc.array(path, { maxLength: 4 });

test('one label of a mask is set or taken away, and nothing else changes', () => {
  fc.assert(
    fc.property(labels, labels, key, (before, given, name) => {
      const current = new Map([...before].filter(([, value]) => value !== ''));
      const after = new Map(applyLabelMask(current, given, [`labels.${name}`]));
      const wanted = given.get(name) ?? '';
      assert.equal(after.get(name), wanted === '' ? undefined : wanted);
      current.delete(name);
      after.delete(name);
      assert.deepEqual(after, current);
    }),
  );
});

test('any mask gives labels without empty values or a typed error, and twice is as once', () => {
  fc.assert(
    fc.property(labels, labels, paths, (current, given, mask) => {
      const after = orRefused(() => applyLabelMask(current, given, mask));
      if (after === undefined) return;
      for (const value of after.values()) assert.notEqual(value, '');
      assert.deepEqual(applyLabelMask(after, given, mask), after);
    }),
    { numRuns: 1000 },
  );
});

const digest = `sha256:${'a'.repeat(64)}`;

test('any mask of an image or a container is applied or refused with a typed error', () => {
  fc.assert(
    fc.property(labels, labels, paths, (before, after, mask) => {
      const times = { createdAt: 1n, updatedAt: 1n };
      const image: Image = { name: 'x', labels: before, target: { mediaType: 'x/y', digest, size: 1 }, ...times };
      const other = { ...image, labels: after, target: { ...image.target, size: 2, annotations: after } };
      const updated = orRefused(() => updateImage(image, other, mask));
      if (updated !== undefined) assert.equal(updated.name, 'x');
      const container: Container = {
        ...{ id: 'c', labels: before, image: 'x', runtime: { name: 'r', options: undefined }, spec: undefined },
        ...{ snapshotter: '', snapshotKey: '', extensions: new Map(), sandbox: '', ...times },
      };
      const changed = orRefused(() => updateContainer(container, { ...container, labels: after }, mask));
      if (changed !== undefined) assert.equal(changed.id, 'c');
    }),
    { numRuns: 1000 },
  );
});

test('labels are bounded by the bytes of key and value together', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 4000, max: 4200 }), (name, length) => {
      const value = 'x'.repeat(length);
      const taken = orRefused(() => {
        validateLabels(new Map([[name, value]]));
        return true;
      });
      assert.equal(taken === true, Buffer.byteLength(name) + length <= 4096);
    }),
  );
});
