import { containerKind } from './kinds/container-kind.ts';
import { contentKind } from './kinds/content-kind.ts';
import { imageKind } from './kinds/image-kind.ts';
import { ingestKind } from './kinds/ingest-kind.ts';
import { leaseKind } from './kinds/lease-kind.ts';
import { leaseResourceKind } from './kinds/lease-resource-kind.ts';
import { sandboxKind } from './kinds/sandbox-kind.ts';
import { snapshotKind } from './kinds/snapshot-kind.ts';
import type { RecordKind } from './record-kind.ts';

/** Every table whose records refer to others or are collected. One that is missing here loses what it refers to. */
export const recordKinds: readonly RecordKind[] = [
  leaseKind,
  leaseResourceKind,
  imageKind,
  containerKind,
  sandboxKind,
  contentKind,
  ingestKind,
  snapshotKind,
];
