import { randomBytes } from 'node:crypto';
import { KindError } from '../../../pkg/errors/kind-error.ts';
import type { Descriptor } from '../../../pkg/oci/descriptor.ts';
import type { BlobArrival } from '../blob-arrival.ts';

/** A layer on its way to be a snapshot. */
export interface PlannedLayer {
  readonly descriptor: Descriptor;
  readonly diffId: string;
  /** The name that its snapshot will have. */
  readonly chainId: string;
  /** The chain id below; empty for the base. */
  readonly parent: string;
  readonly arrival: BlobArrival;
}

/** What a layer's snapshot inherits from its descriptor, and what it is to become. */
export function snapshotLabels(layer: PlannedLayer): Map<string, string> {
  const inherited = [...(layer.descriptor.annotations ?? [])].filter(([key]) =>
    key.startsWith('containerd.io/snapshot/'),
  );
  return new Map([...inherited, ['containerd.io/snapshot.ref', layer.chainId]]);
}

/** A key of its own for every try, in containerd's form. */
export function extractKey(chainId: string): string {
  return `extract-${process.hrtime.bigint() % 1_000_000_000n}-${randomBytes(3).toString('base64url')} ${chainId}`;
}

/** @throws KindError `failed-precondition` when what was unpacked is not what the image's configuration promises. */
export function checkDiffId(layer: PlannedLayer, unpacked: Descriptor): void {
  if (unpacked.digest === layer.diffId) return;
  const detail = `layer ${layer.descriptor.digest}: wrong diff id calculated on extraction: ${unpacked.digest}, want ${layer.diffId}`;
  throw new KindError('failed-precondition', detail);
}
