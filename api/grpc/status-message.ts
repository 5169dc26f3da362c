/** Encoded messages are cut to this length: peers bound a header block, some to 8 KiB. */
const maxEncoded = 6144;

/**
 * A status message as the header `grpc-message` carries it: percent-encoded UTF-8, its middle left out when it is too
 * long (the end names the kind).
 *
 * Source: gRPC over HTTP/2, "Status-Message".
 */
export function encodeStatusMessage(message: string): string {
  const encoded = encode(message);
  if (encoded.length <= maxEncoded) return encoded;
  const characters = Array.from(message, (character) => (character === ' ' ? character : encode(character)));
  const head = fill(characters);
  const tail = fill(characters.reverse()).reverse();
  return `${head.join('')} ... ${tail.join('')}`;
}

/** The text of a `grpc-message` header; what is no valid encoding is taken as it stands. */
export function decodeStatusMessage(encoded: string): string {
  if (!encoded.includes('%')) return encoded;
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded;
  }
}

function encode(text: string): string {
  // Peers trim or refuse a header that begins or ends with a space.
  return text.toWellFormed().replace(/[^\x20-\x24\x26-\x7e]+|^ | $/g, percentEncode);
}

function percentEncode(text: string): string {
  let encoded = '';
  for (const byte of Buffer.from(text)) encoded += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  return encoded;
}

/** As many encoded characters as half of the room takes. */
function fill(characters: readonly string[]): string[] {
  let room = maxEncoded / 2;
  return characters.slice(
    0,
    characters.findIndex((character) => (room -= character.length) < 0),
  );
}
