import { host } from './host.ts';

/** As much of the encoding standard's class as protobuf and we use. */
export class TextEncoder {
  /** UTF-8; half a surrogate pair becomes U+FFFD. */
  encode(text = ''): Uint8Array {
    return host.encodeUtf8(text);
  }
}
