import type { BinaryWriter } from '@bufbuild/protobuf/wire';
import { parsePairs } from './kernel-numbers.ts';
import { addCounts, addMessage, addText } from './metrics-fields.ts';

/** What `max` stands for there. */
const unlimitedHandles = 2n ** 32n - 1n;

/** `RdmaStat`, which is the same in both versions: what `rdma.current` and `rdma.max` say of each device. */
export function addRdma(writer: BinaryWriter, field: number, current: string | null, limit: string | null): void {
  addMessage(writer, field, () => {
    addEntries(writer, 1, current);
    addEntries(writer, 2, limit);
  });
}

function addEntries(writer: BinaryWriter, field: number, text: string | null): void {
  for (const line of (text ?? '').split('\n')) {
    const [device = '', ...pairs] = line.split(' ').filter((word) => word !== '');
    if (pairs.length !== 2) continue;
    addMessage(writer, field, () => {
      addText(writer, 1, device);
      addCounts(writer, 2, 'hca_handle hca_object', parsePairs(pairs, unlimitedHandles));
    });
  }
}
