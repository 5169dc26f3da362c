import { Data, WindowUpdate } from '../../api/gen/containerd/types/transfer/transfer.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import { packAny } from '../../api/any/pack-any.ts';
import { unpackAny } from '../../api/any/unpack-any.ts';
import type { Stream } from './stream-manager.ts';

const windowName = 'containerd.types.transfer.WindowUpdate';
const dataName = 'containerd.types.transfer.Data';

/** What may be under way: more than containerd's 64 KiB, so that the sender does not wait for each answer. */
const window = 1 << 20;

/**
 * The bytes that the other side sends, until it ends its side. Leaving the loop early closes the stream.
 *
 * @throws KindError `invalid-argument` for a message that is no data, `resource-exhausted` for more than was granted.
 */
export async function* receiveBytes(stream: Stream): AsyncGenerator<Uint8Array, void, void> {
  let granted = 0;
  try {
    for (;;) {
      if (granted <= window / 2) {
        const update = window - granted;
        await stream.send(packAny(windowName, WindowUpdate, { update }));
        granted += update;
      }
      const message = await stream.receive();
      if (message === undefined) return;
      const { data } = unpackAny(message, dataName, Data);
      granted -= data.length;
      if (granted < 0) throw new KindError('resource-exhausted', 'the sender sent more than it was granted');
      if (data.length > 0) yield data;
    }
  } finally {
    stream.close();
  }
}
