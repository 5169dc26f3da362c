import { KindError } from '../../pkg/errors/kind-error.ts';
import type { Any } from '../gen/google/protobuf/any.ts';
import type { MessageCodec } from '../rpc/service.ts';
import { isAny } from './is-any.ts';

/**
 * The message that an Any holds, of the one type that is wanted.
 * @throws KindError `invalid-argument`, naming both types, when the Any is missing, holds another type or does not decode.
 */
export function unpackAny<T>(any: Any | undefined, name: string, codec: MessageCodec<T>): T {
  if (!isAny(any, name)) {
    throw new KindError('invalid-argument', `want a message ${name}, got ${describe(any)}`);
  }
  try {
    return codec.decode(any.value);
  } catch (cause) {
    throw new KindError('invalid-argument', `message ${name} does not decode (${String(cause)})`, { cause });
  }
}

function describe(any: Any | undefined): string {
  return any === undefined || any.typeUrl === '' ? 'none' : JSON.stringify(any.typeUrl);
}
