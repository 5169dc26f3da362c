/**
 * What a filter looks at: the value of a field of one record, or undefined when it has no such field. The path comes in
 * segments as written: `labels."a.b"` is `['labels', 'a.b']`, and `labels.a.b`, which means the same, is `['labels', 'a', 'b']`.
 */
export type FieldAdaptor = (path: readonly string[]) => string | undefined;

/** Whether a record is wanted. */
export type Filter = (adaptor: FieldAdaptor) => boolean;
