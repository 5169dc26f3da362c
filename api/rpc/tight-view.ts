/**
 * The bytes of a message within a chunk that came from a peer: a view, or a copy where a view would keep a much
 * larger chunk in memory. Decoded `bytes` fields are views of what they were decoded from, and records live long.
 */
export function tightView(chunk: Uint8Array, start: number, length: number): Uint8Array {
  const view = new Uint8Array(chunk.buffer, chunk.byteOffset + start, length);
  return length * 2 < chunk.buffer.byteLength ? view.slice() : view;
}
