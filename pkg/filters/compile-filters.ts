import { KindError } from '../errors/kind-error.ts';
import { compileRe2 } from '../re2/compile-re2.ts';
import type { FieldAdaptor, Filter } from './filter.ts';
import { parseFilter, type Selector } from './parse-filter.ts';

/** Characters of all filters of a request: what is far more than any client sends, and is parsed in no time. */
const maxLength = 256 << 10;

/**
 * Compiles the filters of a request: a record is wanted when any of them admits it, and all are wanted when there are none
 * or one is empty. Within a filter all selectors must hold: `labels.env==prod,name~=|^docker|`.
 *
 * A selector without an operator asks whether the field is there; `!=` and `~=` take one that is not for an empty one. `~=` searches the
 * value for a regular expression in RE2's syntax, in time linear in the value; one that cannot be compiled matches nothing,
 * as with containerd.
 *
 * @throws KindError `invalid-argument` that shows where the filter cannot be parsed, and for filters of more than 256 Ki characters.
 *
 * @example
 * const filter = compileFilters(['name==a', 'labels."io.x/y"']);
 * const wanted = images.filter((image) => filter(imageFields(image)));
 */
export function compileFilters(filters: readonly string[]): Filter {
  const length = filters.reduce((sum, filter) => sum + filter.length, 0);
  if (length > maxLength)
    throw new KindError('invalid-argument', `filters: ${length} characters are more than ${maxLength}`);
  const alternatives = filters.map((filter) => parseFilter(filter).map(compileSelector));
  if (alternatives.length === 0) return () => true;
  return (adaptor) => alternatives.some((conditions) => conditions.every((condition) => condition(adaptor)));
}

function compileSelector({ path, operator, value }: Selector): (adaptor: FieldAdaptor) => boolean {
  switch (operator) {
    case 'present':
      return (adaptor) => adaptor(path) !== undefined;
    case '==':
      return (adaptor) => adaptor(path) === value;
    // For the others a field that is not there is an empty one.
    case '!=':
      return (adaptor) => (adaptor(path) ?? '') !== value;
    case '~=': {
      const pattern = compileRe2(value);
      return (adaptor) => pattern?.test(adaptor(path) ?? '') ?? false;
    }
  }
}
