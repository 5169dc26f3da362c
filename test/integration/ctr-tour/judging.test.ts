import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { differences } from './compare.ts';
import { listedDifferences, ListOfDifferences } from './listed-differences.ts';
import { normalise, screen, sortedLabels } from './normalise.ts';
import type { PlayedStep } from './tour-player.ts';
import { ctr } from './tour-step.ts';
import { wasLost } from './was-lost.ts';

function played(...lines: string[]): PlayedStep {
  return { step: ctr('version'), said: { code: 0, stdout: '', stderr: '' }, lines };
}

const table = [
  '## The tour of ctr',
  '',
  '| step | ages | containerd | Gantry | why |',
  '| --- | --- | --- | --- | --- |',
  '| `area: one` | all | `! a … b` | | said better |',
  '| `area: …` | 1.7.24, 1.6.20 | | `a\\|b`, `exit 2` | another |',
  '',
  '## Next',
  '| `area: two` | all | | | not of this table |',
].join('\n');

describe('what judges the tour', () => {
  test('only lines that one has and the other has not are differences', () => {
    assert.deepEqual(differences(played('exit 0', 'a', 'b'), played('exit 0', 'a', 'b')), []);
    assert.deepEqual(differences(played('exit 0', 'a', 'b', 'c'), played('exit 1', 'a', 'c', 'd')), [
      { whose: 'containerd', line: 'exit 0' },
      { whose: 'gantry', line: 'exit 1' },
      { whose: 'containerd', line: 'b' },
      { whose: 'gantry', line: 'd' },
    ]);
  });

  test('a row explains its lines in its step and its ages, and is missed when they are gone', () => {
    const rows = listedDifferences(table);
    assert.equal(rows.length, 2);
    const list = new ListOfDifferences('2.1.9', rows);
    assert.deepEqual(list.outdated(), ['area: one containerd ! a … b']);
    assert.equal(list.explains('area: one', { whose: 'containerd', line: '! a very b' }), true);
    assert.equal(list.explains('area: one', { whose: 'gantry', line: '! a very b' }), false);
    assert.equal(list.explains('area: two', { whose: 'containerd', line: '! a very b' }), false);
    assert.equal(list.explains('area: one', { whose: 'gantry', line: 'a|b' }), false);
    assert.deepEqual(list.outdated(), []);
    const older = new ListOfDifferences('1.7.24', rows);
    assert.equal(older.explains('area: two', { whose: 'gantry', line: 'a|b' }), true);
    assert.deepEqual(older.outdated(), ['area: one containerd ! a … b', 'area: … gantry exit 2']);
  });

  test('a row whose step told nothing this time is not outdated', () => {
    const list = new ListOfDifferences('1.7.24', listedDifferences(table));
    list.excuse('area: one');
    assert.deepEqual(list.outdated(), []);
  });

  test('what one lost of a container is no difference, whatever else is', () => {
    const ran = (...lines: string[]): PlayedStep => ({ ...played(...lines), step: ctr('run --rm image a') });
    assert.equal(wasLost(ran('exit 0', 'a'), ran('exit 0', 'a')), false);
    assert.equal(wasLost(ran('exit 0'), ran('exit 0', 'a')), true);
    assert.equal(wasLost(ran('exit 0', 'a'), ran('exit 0', 'a', '! b')), true);
    assert.equal(wasLost(ran('exit 0', 'a'), ran('exit 0')), false);
    assert.equal(wasLost(ran('exit 0', 'a'), ran('exit 0', 'a', 'b')), false);
    assert.equal(wasLost(ran('exit 0'), ran('exit 0', '! ctr: a')), false);
    assert.equal(wasLost(played('exit 0'), played('exit 0', 'a')), false);
  });

  test('a row that cannot be understood is an error', () => {
    assert.throws(() => listedDifferences(`## The tour of ctr\n|a|\n|-|\n| one | all | | | |\n`), /unclear row/);
    assert.throws(() => listedDifferences('## The tour of ctr\n|a|\n|-|\n| `a: b` | 1.5 | | | why |\n'), /unknown age/);
  });

  test('outputs are compared without times, widths, names of the machine and what was written over', () => {
    const facts = new Map([
      ['daemon', '/tmp/x'],
      ['root', '/tmp/x/root'],
    ]);
    assert.equal(
      normalise('/tmp/x/root  \t/tmp/x 2026-01-02T03:04:05.6Z took 1m2.5s', facts),
      '{root} {daemon} {time} took {duration}',
    );
    assert.equal(screen('one: 1%\ntwo\n\u001B[2A\u001B[2Kone: 100%\r\n\u001B[2Kdone\n'), 'one: 100%\ndone\n');
    assert.equal(sortedLabels('b=1,2,a=2 rest'), 'a=2,b=1,2 rest');
  });
});
