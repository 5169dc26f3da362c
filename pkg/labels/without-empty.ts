import { noLabels, type Labels } from './labels.ts';

/** The labels to store: an empty value means that the label is to go. */
export function withoutEmpty(labels: Labels): Labels {
  const kept = [...labels].filter(([, value]) => value !== '');
  return kept.length === 0 ? noLabels : new Map(kept);
}
