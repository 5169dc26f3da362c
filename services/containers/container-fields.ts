import type { FieldAdaptor } from '../../pkg/filters/filter.ts';
import { labelField } from '../../pkg/filters/label-field.ts';
import type { Container } from './container-store.ts';

/** What filters see of a container: `id`, `runtime.name`, `image`, `labels.<key>`; an empty field is not there. */
export function containerFields(container: Container): FieldAdaptor {
  return (path) => {
    switch (path[0]) {
      case 'id':
        return container.id;
      case 'runtime':
        return path[1] === 'name' ? container.runtime.name : undefined;
      case 'image':
        return container.image === '' ? undefined : container.image;
      case 'labels':
        return labelField(container.labels, path);
      default:
        return undefined;
    }
  };
}
