import { host } from './host.ts';

/** How bytes are read. */
export interface TextDecoderOptions {
  /** Malformed bytes are an error. */
  readonly fatal?: boolean;
  /** A byte-order mark is text. */
  readonly ignoreBOM?: boolean;
}

/** As much of the encoding standard's class as protobuf and we use: UTF-8, all at once. */
export class TextDecoder {
  readonly #fatal: boolean;
  readonly #ignoreMark: boolean;

  /** @throws RangeError for another encoding than UTF-8. */
  constructor(encoding = 'utf-8', options: TextDecoderOptions = {}) {
    if (!/^utf-?8$/i.test(encoding)) throw new RangeError(`encoding "${encoding}" is not supported: utf-8 alone is`);
    this.#fatal = options.fatal ?? false;
    this.#ignoreMark = options.ignoreBOM ?? false;
  }

  /** @throws TypeError for malformed bytes, if the decoder is fatal. */
  decode(bytes: Uint8Array = new Uint8Array()): string {
    const text = host.decodeUtf8(bytes);
    if (this.#fatal && text.includes('\uFFFD') && !sameBytes(host.encodeUtf8(text), bytes)) {
      throw new TypeError('the bytes are not UTF-8');
    }
    return !this.#ignoreMark && text.startsWith('\uFEFF') ? text.slice(1) : text;
  }
}

function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
