import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { Table } from '../../pkg/database/table.ts';
import type { SnapshotKind } from '../snapshotter.ts';
import type { BackendSnapshot } from './backend-snapshot.ts';

const noLabels: ReadonlyMap<string, string> = new Map();
const kinds: readonly SnapshotKind[] = ['view', 'active', 'committed'];

/**
 * The records of snapshotters: group is the snapshotter's name, key the key or name that it was called with.
 *
 * Written as this protobuf message (by hand, as snapshotters know no generated codes of the wire):
 *
 *     message BackendSnapshot {
 *       uint64 id = 1;
 *       uint32 kind = 2;                 // 1 view, 2 active, 3 committed
 *       string parent = 3;
 *       map<string, string> labels = 4;
 *       int64 created_at = 5;            // nanoseconds since 1970
 *       int64 updated_at = 6;
 *       int64 inodes = 7;
 *       int64 size = 8;                  // bytes of disk
 *     }
 */
export const backendSnapshotsTable: Table<BackendSnapshot> = {
  ...{ name: 'backend-snapshots', encode, decode },
  // By the parent, so that children are found without a walk.
  index: ({ parent }) => (parent === '' ? [] : [parent]),
};

function encode(snapshot: BackendSnapshot): Uint8Array {
  const writer = new BinaryWriter();
  writer.tag(1, WireType.Varint).uint64(snapshot.id);
  writer.tag(2, WireType.Varint).uint32(kinds.indexOf(snapshot.kind) + 1);
  if (snapshot.parent !== '') writer.tag(3, WireType.LengthDelimited).string(snapshot.parent);
  for (const [key, value] of snapshot.labels) {
    writer.tag(4, WireType.LengthDelimited).fork();
    writer.tag(1, WireType.LengthDelimited).string(key).tag(2, WireType.LengthDelimited).string(value).join();
  }
  writer.tag(5, WireType.Varint).int64(snapshot.createdAt);
  writer.tag(6, WireType.Varint).int64(snapshot.updatedAt);
  writer.tag(7, WireType.Varint).int64(snapshot.usage.inodes);
  writer.tag(8, WireType.Varint).int64(snapshot.usage.size);
  return writer.finish();
}

function decode(bytes: Uint8Array): BackendSnapshot {
  const reader = new BinaryReader(bytes);
  const numbers = new Map<number, bigint>();
  let parent = '';
  const labels = new Map<string, string>();
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === 3) parent = reader.string();
    else if (field === 4) decodeLabel(reader, labels);
    else if (type === WireType.Varint) numbers.set(field, BigInt(reader.uint64()));
    else reader.skip(type, field);
  }
  const number = (field: number): bigint => numbers.get(field) ?? 0n;
  const kind = kinds[Number(number(2)) - 1];
  if (kind === undefined) throw new Error(`unknown kind of snapshot ${number(2)}`);
  return {
    ...{ id: Number(number(1)), kind, parent, labels: labels.size > 0 ? labels : noLabels },
    ...{ createdAt: number(5), updatedAt: number(6) },
    usage: { inodes: Number(number(7)), size: Number(number(8)) },
  };
}

function decodeLabel(reader: BinaryReader, labels: Map<string, string>): void {
  const end = reader.uint32() + reader.pos;
  let key = '';
  let value = '';
  while (reader.pos < end) {
    const [field, type] = reader.tag();
    if (field === 1) key = reader.string();
    else if (field === 2) value = reader.string();
    else reader.skip(type, field);
  }
  labels.set(key, value);
}
