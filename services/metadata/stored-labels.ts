import { noLabels, type Labels } from '../../pkg/labels/labels.ts';

/** Decoded labels as memory holds them: records without labels share one map. */
export function storedLabels(labels: Labels): Labels {
  return labels.size === 0 ? noLabels : labels;
}
