import type { KeyValue } from '../gen/ttrpc/request.ts';

/** The key that carries the namespace. Streams of Go's client carry no metadata at all. */
export const namespaceKey = 'containerd-namespace-ttrpc';

/** The first value of a key, whatever the case of its letters. */
export function firstValue(metadata: readonly KeyValue[], key: string): string | undefined {
  return metadata.find((pair) => pair.key.toLowerCase() === key)?.value;
}
