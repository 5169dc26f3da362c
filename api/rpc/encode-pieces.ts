import { BinaryWriter } from '@bufbuild/protobuf/wire';
import type { MessageCodec } from './service.ts';

/** From this many bytes on, to write a field as a piece of its own costs less than to copy it. */
const pieceSize = 16 << 10;
/** After so many bytes in its messages' fields a long list goes on in another piece: what is written in one is copied whenever its buffer grows. */
const listPieceSize = 256 << 10;

/**
 * The bytes of a message, in one piece or several. Long `bytes` fields of the message itself are not copied: such a piece is the field's
 * own memory, and must stay as it is until it has been sent: a stream's until its second next message is asked for.
 */
export function encodePieces(codec: MessageCodec<unknown>, message: unknown): readonly Uint8Array[] {
  const writer = new PieceWriter();
  const encoded = codec.encode(message, writer);
  return encoded === writer ? writer.finishPieces() : [encoded.finish()];
}

class PieceWriter extends BinaryWriter {
  #pieces: Uint8Array[] | undefined;
  /** Messages within the message that are being written: their lengths go in front of them, so they are written in one piece. */
  #depth = 0;
  /** Bytes in the fields of messages within the message since the last piece ended. */
  #nested = 0;

  override fork(): this {
    this.#depth++;
    return super.fork();
  }

  override join(): this {
    this.#depth--;
    super.join();
    if (this.#depth === 0 && this.#nested >= listPieceSize) {
      (this.#pieces ??= []).push(this.finish());
      this.#nested = 0;
    }
    return this;
  }

  override bytes(value: Uint8Array): this {
    if (this.#depth > 0) this.#nested += value.length;
    if (value.length < pieceSize || this.#depth > 0) return super.bytes(value);
    this.uint32(value.length);
    (this.#pieces ??= []).push(this.finish(), value);
    return this;
  }

  finishPieces(): readonly Uint8Array[] {
    const last = this.finish();
    if (this.#pieces === undefined) return [last];
    if (last.length > 0) this.#pieces.push(last);
    return this.#pieces;
  }
}
