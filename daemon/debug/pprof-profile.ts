import { BinaryWriter } from '@bufbuild/protobuf/wire';

/** A function of a profile, in V8's terms: its place, and who it calls. */
export interface ProfileNode {
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  /** What is counted of the node alone, one number for each of the {@link ValueType}s. */
  readonly values: readonly number[];
  readonly children: readonly ProfileNode[];
}

/** What is counted: `cpu` in `nanoseconds`. */
export interface ValueType {
  readonly type: string;
  readonly unit: string;
}

/** What a profile is made of. */
export interface ProfileParts {
  readonly types: readonly ValueType[];
  readonly root: ProfileNode;
  /** Milliseconds since 1970, and how long it took. */
  readonly started: number;
  readonly duration: number;
}

/**
 * A profile as Go's tools read it: `profile.proto` of github.com/google/pprof, uncompressed. Nodes without a name are left out, and V8's
 * own, such as `(program)`, keep theirs.
 */
export function pprofProfile({ types, root, started, duration }: ProfileParts): Uint8Array {
  const writer = new BinaryWriter();
  const strings = new Strings();
  for (const { type, unit } of types) {
    writer.uint32(field(1, bytes)).fork().uint32(field(1)).int64(strings.at(type));
    writer.uint32(field(2)).int64(strings.at(unit)).join();
  }
  const places = new Map<string, { readonly id: number; readonly frame: ProfileNode['callFrame'] }>();
  const placeOf = ({ callFrame: frame }: ProfileNode): number => {
    const key = `${frame.functionName}\0${frame.url}\0${frame.lineNumber}`;
    const place = places.get(key) ?? { id: places.size + 1, frame };
    places.set(key, place);
    return place.id;
  };
  // Leaf first, as the format has it.
  const pending = root.children.map((node) => ({ node, stack: [placeOf(node)] }));
  for (const { node, stack } of pending) {
    if (node.values.some((value) => value > 0)) {
      writer.uint32(field(2, bytes)).fork();
      packed(writer, 1, stack);
      packed(writer, 2, node.values.map(Math.round));
      writer.join();
    }
    for (const child of node.children) pending.push({ node: child, stack: [placeOf(child), ...stack] });
  }
  for (const { id, frame } of places.values()) {
    writer.uint32(field(4, bytes)).fork().uint32(field(1)).uint64(id);
    writer.uint32(field(4, bytes)).fork().uint32(field(1)).uint64(id);
    writer
      .uint32(field(2))
      .int64(Math.max(0, frame.lineNumber + 1))
      .join()
      .join();
    const name = strings.at(frame.functionName === '' ? '(anonymous)' : frame.functionName);
    writer.uint32(field(5, bytes)).fork().uint32(field(1)).uint64(id).uint32(field(2)).int64(name);
    writer.uint32(field(4)).int64(strings.at(frame.url)).join();
  }
  for (const text of strings.all) writer.uint32(field(6, bytes)).string(text);
  writer.uint32(field(9)).int64(BigInt(Math.round(started)) * 1_000_000n);
  writer.uint32(field(10)).int64(BigInt(Math.round(duration)) * 1_000_000n);
  return writer.finish();
}

const bytes = 2;

/** A field's tag; of varints unless said otherwise. */
function field(number: number, wireType = 0): number {
  return number * 8 + wireType;
}

function packed(writer: BinaryWriter, number: number, values: readonly number[]): void {
  writer.uint32(field(number, bytes)).fork();
  for (const value of values) writer.int64(value);
  writer.join();
}

/** The table of strings, of which the first is empty. */
class Strings {
  readonly all: string[] = [''];
  readonly #places = new Map([['', 0]]);

  at(text: string): number {
    const known = this.#places.get(text);
    if (known !== undefined) return known;
    this.#places.set(text, this.all.length);
    return this.all.push(text) - 1;
  }
}
