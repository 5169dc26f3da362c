import type { Any } from '../gen/google/protobuf/any.ts';
import type { MessageCodec } from '../rpc/service.ts';

/** A message in an Any under its bare full name: clients compare the URL exactly (containerd's typeurl). */
export function packAny<T>(name: string, codec: MessageCodec<T>, message: T): Any {
  return { typeUrl: name, value: codec.encode(message).finish() };
}
