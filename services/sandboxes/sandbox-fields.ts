import type { FieldAdaptor } from '../../pkg/filters/filter.ts';
import { labelField } from '../../pkg/filters/label-field.ts';
import type { Sandbox } from './sandbox-store.ts';

/** What filters see of a sandbox: `id` and `labels.<key>`. */
export function sandboxFields(sandbox: Sandbox): FieldAdaptor {
  return (path) => {
    if (path[0] === 'id') return sandbox.id;
    return path[0] === 'labels' ? labelField(sandbox.labels, path) : undefined;
  };
}
