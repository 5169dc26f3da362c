import type { BinaryWriter } from '@bufbuild/protobuf/wire';

// Codecs as they are generated for these messages are as large as the rest of the shim, and nearly all fields are counters: they are told by lists of
// names, in the order of their field numbers.

const lengthDelimited = 2;

/** A field of type `uint64` (or `uint32`). Zero is no field in proto3. */
export function addCount(writer: BinaryWriter, field: number, value: bigint | undefined): void {
  if (value !== undefined && value !== 0n) writer.uint32(field << 3).uint64(value);
}

/** Fields numbered from `first` on, one for each of the names, which blanks part. */
export function addCounts(
  writer: BinaryWriter,
  first: number,
  names: string,
  values: ReadonlyMap<string, bigint>,
): void {
  names.split(' ').forEach((name, index) => addCount(writer, first + index, values.get(name)));
}

export function addText(writer: BinaryWriter, field: number, text: string): void {
  if (text !== '') writer.uint32((field << 3) | lengthDelimited).string(text);
}

/** A message within, which is there even when nothing is added to it. */
export function addMessage(writer: BinaryWriter, field: number, add: (writer: BinaryWriter) => void): void {
  writer.uint32((field << 3) | lengthDelimited).fork();
  add(writer);
  writer.join();
}
