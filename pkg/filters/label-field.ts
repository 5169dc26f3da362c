import type { Labels } from '../labels/labels.ts';

/** The label that the rest of a path names, `path` being `['labels', …]`: the segments joined with dots. */
export function labelField(labels: Labels, path: readonly string[]): string | undefined {
  return path.length < 2 ? undefined : labels.get(path.slice(1).join('.'));
}
