import { BinaryWriter } from '@bufbuild/protobuf/wire';
import type { Any } from '../../api/gen/google/protobuf/any.ts';

/** What a shim says of an event. */
export interface ShimEvent {
  readonly namespace: string;
  /** `/tasks/exit` and kin. */
  readonly topic: string;
  readonly event: Any;
  /** Nanoseconds since 1970. */
  readonly timestamp: bigint;
}

const nanosecondsPerSecond = 1_000_000_000n;

/**
 * `containerd.services.events.ttrpc.v1.ForwardRequest`: an envelope of timestamp, namespace, topic and event. Written by hand, for the generated
 * codec of the envelope drags in all that a shim never needs.
 */
export function encodeForward({ namespace, topic, event, timestamp }: ShimEvent): Uint8Array {
  const writer = new BinaryWriter();
  writer.uint32(tag(1)).fork();
  writer.uint32(tag(1)).fork();
  writer.uint32(8).int64(timestamp / nanosecondsPerSecond);
  writer.uint32(16).int32(Number(timestamp % nanosecondsPerSecond));
  writer.join();
  writer.uint32(tag(2)).string(namespace);
  writer.uint32(tag(3)).string(topic);
  writer.uint32(tag(4)).fork();
  writer.uint32(tag(1)).string(event.typeUrl);
  writer.uint32(tag(2)).bytes(event.value);
  writer.join().join();
  return writer.finish();
}

/** The tag of a field of varying length. */
function tag(field: number): number {
  return (field << 3) | 2;
}
