import type { FieldAdaptor } from '../../pkg/filters/filter.ts';
import { labelField } from '../../pkg/filters/label-field.ts';
import { noLabels } from '../../pkg/labels/labels.ts';
import type { Image } from './image-store.ts';

/** What filters see of an image: `name`, `target.digest`, `target.mediatype`, `labels.<key>`, `annotations.<key>`. */
export function imageFields(image: Image): FieldAdaptor {
  return (path) => {
    switch (path[0]) {
      case 'name':
        return image.name;
      case 'target':
        if (path[1] === 'digest') return image.target.digest;
        return path[1] === 'mediatype' ? image.target.mediaType : undefined;
      case 'labels':
        return labelField(image.labels, path);
      case 'annotations':
        return labelField(image.target.annotations ?? noLabels, path);
      default:
        return undefined;
    }
  };
}
