import { host } from '../../../../../shim/host/host.ts';
import { watchFor } from '../../../../../shim/host/watch-for.ts';

/** What comes out of a descriptor until its end; it is closed then. */
export function readAll(fd: number): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let text = '';
  const watch = host.watch(fd, watchFor.reading, () => {
    try {
      const bytes = host.read(fd, 65_536);
      if (bytes === null) return;
      text += host.decodeUtf8(bytes);
      if (bytes.length > 0) return;
      resolve(text);
    } catch (error) {
      reject(error instanceof Error ? error : new Error(String(error)));
    }
    host.endWatch(watch);
    host.close(fd);
  });
  return promise;
}
