import { host } from '../host/host.ts';

const chunkSize = 64 << 10;
/** Of a file longer than this only the beginning is looked at. Bytes. */
const maxRead = 16 << 20;

/** The last bytes of a file, at most `most`. @throws SystemError */
export function readTail(path: string, most: number): Uint8Array {
  const fd = host.open(path, 0, 0);
  try {
    let tail = new Uint8Array();
    let total = 0;
    while (total < maxRead) {
      const chunk = host.read(fd, chunkSize);
      if (chunk === null || chunk.length === 0) break;
      total += chunk.length;
      const longer = new Uint8Array(tail.length + chunk.length);
      longer.set(tail);
      longer.set(chunk, tail.length);
      tail = longer.slice(-most);
    }
    return tail;
  } finally {
    host.close(fd);
  }
}
