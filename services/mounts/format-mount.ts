import { KindError } from '../../pkg/errors/kind-error.ts';
import type { Mount } from '../../pkg/mounts/mount.ts';
import type { ActiveMount } from './mount-manager.ts';

const template = /\{\{-?\s*(\w+)((?:\s+\d{1,6})*)\s*-?\}\}/g;

/**
 * Fills in what the mounts before gave, in source, target and options.
 * @throws KindError `invalid-argument` for a template that cannot be read, and for a mount that is not there.
 */
export function formatMount(mount: Mount, before: readonly ActiveMount[]): Mount {
  const fill = (text: string): string => formatText(text, before);
  return { ...mount, source: fill(mount.source), target: fill(mount.target), options: mount.options.map(fill) };
}

function formatText(text: string, before: readonly ActiveMount[]): string {
  const formatted = text.replaceAll(template, (whole: string, name: string, numbers: string) => {
    const [first, second, ...more] = numbers.trim().split(/\s+/).filter(Boolean).map(Number);
    const at = (index: number): ActiveMount => mountAt(before, index);
    if (name === 'overlay' && first !== undefined && second !== undefined && more.length === 0)
      return range(first, second)
        .map((index) => at(index).mountPoint)
        .join(':');
    if (first !== undefined && second === undefined) {
      if (name === 'source') return at(first).mount.source;
      if (name === 'target') return at(first).mount.target;
      if (name === 'mount') return at(first).mountPoint;
    }
    throw new KindError('invalid-argument', `template ${JSON.stringify(whole)} of a mount is not known`);
  });
  // What a mount before was given is not read as a template again.
  if (text.replaceAll(template, '').includes('{{'))
    throw new KindError('invalid-argument', `template in ${JSON.stringify(text)} of a mount cannot be read`);
  return formatted;
}

function mountAt(before: readonly ActiveMount[], index: number): ActiveMount {
  const found = before[index];
  if (found) return found;
  throw new KindError('invalid-argument', `mount ${index} of a template: there are ${before.length} active mounts`);
}

/** From one index to the other, upwards or downwards. */
function range(from: number, to: number): number[] {
  const step = from > to ? -1 : 1;
  // Both are bounded by their number of digits; a mount that is not there is refused at its turn.
  const length = Math.min(Math.abs(to - from) + 1, 10_000);
  return Array.from({ length }, (_nothing, index) => from + step * index);
}
