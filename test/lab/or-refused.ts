import { KindError } from '../../pkg/errors/kind-error.ts';

/**
 * What a parser of outside input makes of it, or undefined when it refuses with a typed error that has something to say.
 * @throws whatever else the parser throws: that is a fault of the parser.
 */
export function orRefused<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof KindError && error.detail !== '') return undefined;
    throw error;
  }
}
