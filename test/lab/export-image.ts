import { open } from 'node:fs/promises';
import { packAny } from '../../api/any/pack-any.ts';
import { ImageExportStream, ImageStore } from '../../api/gen/containerd/types/transfer/transfer.ts';
import { receiveBytes } from '../../services/streaming/receive-bytes.ts';
import { ClientStream } from './client-stream.ts';
import type { DaemonCalls } from './daemon-calls.ts';
import { TarEnd } from './tar-end.ts';

/**
 * Has a daemon's transfer service write an image for its own platform into a file. All that the daemon sends is there at the end, whereas `ctr`
 * leaves when the transfer is done, and now and then loses some of what it was sent last.
 * @throws KindError what the daemon answers; the file may have some of the archive then.
 */
export async function exportImage(calls: DaemonCalls, path: string, name: string): Promise<void> {
  const whole = new AbortController();
  const stream = await ClientStream.open(calls, whole.signal);
  let answered = false;
  const end = new TarEnd();
  // Containerd does not end the stream.
  const look = (): void => {
    if (answered && end.reached) whole.abort();
  };
  const write = async (): Promise<void> => {
    await using file = await open(path, 'w');
    try {
      for await (const data of receiveBytes(stream)) {
        await file.write(data);
        end.take(data);
        look();
      }
    } catch (error) {
      if (!whole.signal.aborted) throw error;
    }
  };
  const ask = async (): Promise<void> => {
    const source = ImageStore.fromPartial({ name });
    const destination = ImageExportStream.fromPartial({ stream: stream.id });
    const request = {
      source: packAny('containerd.types.transfer.ImageStore', ImageStore, source),
      destination: packAny('containerd.types.transfer.ImageExportStream', ImageExportStream, destination),
      options: undefined,
    };
    try {
      await calls.transfer.transfer(request, calls.options);
    } catch (error) {
      whole.abort();
      throw error;
    }
    answered = true;
    look();
  };
  for (const outcome of await Promise.allSettled([ask(), write()]))
    if (outcome.status === 'rejected') throw outcome.reason;
}
