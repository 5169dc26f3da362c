import type { Any } from '../gen/google/protobuf/any.ts';

/** Whether an Any holds a message of that full name; a prefix that ends with a slash, as other makers write, does not matter. */
export function isAny(any: Any | undefined, name: string): any is Any {
  return any !== undefined && (any.typeUrl === name || any.typeUrl.endsWith(`/${name}`));
}
