import type { FieldAdaptor } from '../../pkg/filters/filter.ts';
import { labelField } from '../../pkg/filters/label-field.ts';
import type { ContentInfo } from './content-store.ts';

/** What filters see of a blob: `digest`, `size`, `labels.<key>`. */
export function contentFieldAdaptor(info: ContentInfo): FieldAdaptor {
  return (path) => {
    switch (path[0]) {
      case 'digest':
        return info.digest;
      case 'size':
        return String(info.size);
      case 'labels':
        return labelField(info.labels, path);
      default:
        return undefined;
    }
  };
}
