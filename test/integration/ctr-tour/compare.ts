import type { PlayedStep } from './tour-player.ts';

/** A line that one daemon's answer has and the other's has not. */
export interface Difference {
  readonly whose: 'containerd' | 'gantry';
  readonly line: string;
}

/** What is different between two answers to a step, line by line. */
export function differences(containerd: PlayedStep, gantry: PlayedStep): Difference[] {
  const [a, b] = [containerd.lines, gantry.lines];
  // Lengths of the longest common rest.
  const common = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
  const at = (i: number, j: number): number => common[i]?.[j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const row = common[i];
      if (row) row[j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const found: Difference[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const [left, right] = [a[i], b[j]];
    if (left !== undefined && left === right) [i, j] = [i + 1, j + 1];
    else if (left !== undefined && (right === undefined || at(i + 1, j) >= at(i, j + 1))) {
      found.push({ whose: 'containerd', line: left });
      i++;
    } else {
      found.push({ whose: 'gantry', line: right ?? '' });
      j++;
    }
  }
  return found;
}
