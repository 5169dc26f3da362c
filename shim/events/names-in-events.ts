/** Bytes before the name: watch, mask, cookie, and the length of the name with its padding, four each, in the machine's order. */
const headSize = 16;

/** The names that a read of an inotify descriptor tells of; an empty one for what was watched itself, and for events that were lost. */
export function namesInEvents(bytes: Uint8Array): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const names: string[] = [];
  for (let at = 0; at + headSize <= bytes.length;) {
    const end = at + headSize + view.getUint32(at + 12, true);
    const name = bytes.subarray(at + headSize, end);
    const nul = name.indexOf(0);
    names.push(new TextDecoder().decode(nul < 0 ? name : name.subarray(0, nul)));
    at = end;
  }
  return names;
}
