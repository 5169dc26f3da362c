/** Labels of a record. A stored one never has an empty value. */
export type Labels = ReadonlyMap<string, string>;

/** No labels: one map that all records without labels share. */
export const noLabels: Labels = new Map();
