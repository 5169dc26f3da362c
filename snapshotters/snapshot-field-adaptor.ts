import type { FieldAdaptor } from '../pkg/filters/filter.ts';
import { labelField } from '../pkg/filters/label-field.ts';
import type { SnapshotInfo } from './snapshotter.ts';

/** What filters see of a snapshot: `kind`, `name`, `parent`, `labels.<key>`. */
export function snapshotFieldAdaptor(info: SnapshotInfo): FieldAdaptor {
  return (path) => {
    switch (path[0]) {
      case 'kind':
        return info.kind;
      case 'name':
        return info.name;
      case 'parent':
        return info.parent;
      case 'labels':
        return labelField(info.labels, path);
      default:
        return undefined;
    }
  };
}
