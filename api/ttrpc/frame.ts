import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { KindError } from '../../pkg/errors/kind-error.ts';

/** What a frame is. */
export const frameType = { request: 1, response: 2, data: 3 } as const;

/** Bits of a frame's flags; "remote" is the sender, seen from the receiver. */
export const frameFlag = {
  /** The sender sends no more on this stream. */
  remoteClosed: 1,
  /** The sender will send more on this stream. */
  remoteOpen: 2,
  /** The frame carries no message, not even an empty one. */
  noData: 4,
} as const;

/** Bytes before the payload: length u32, stream u32, type u8, flags u8; big-endian. */
export const frameHeaderSize = 10;

/** The largest payload in bytes. */
export const maxFramePayload = 4 << 20;

/** One frame of the protocol. */
export interface Frame {
  readonly stream: number;
  readonly type: number;
  readonly flags: number;
  readonly payload: Uint8Array;
}

/**
 * A frame as it goes on the wire; `write` appends the payload, so that it is copied once.
 * @throws KindError `resource-exhausted` for a payload over the limit.
 */
export function encodeFrame(
  head: Omit<Frame, 'payload'>,
  write: (writer: BinaryWriter) => BinaryWriter = (writer) => writer,
): Uint8Array {
  const bytes = write(new BinaryWriter().raw(new Uint8Array(frameHeaderSize))).finish();
  const length = bytes.length - frameHeaderSize;
  if (length > maxFramePayload) {
    throw new KindError(
      'resource-exhausted',
      `trying to send message larger than max (${length} vs. ${maxFramePayload})`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  view.setUint32(0, length);
  view.setUint32(4, head.stream);
  view.setUint8(8, head.type);
  view.setUint8(9, head.flags);
  return bytes;
}
