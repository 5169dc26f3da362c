import { KindError } from '../../pkg/errors/kind-error.ts';
import { host } from '../host/host.ts';
import { watchFor } from '../host/watch-for.ts';

const stdin = 0;
const chunkSize = 64 << 10;
/** Options are some hundred bytes. */
const maxInput = 10 << 20;

/** Reads standard input to its end. @throws KindError `resource-exhausted` for more than anybody has to say. */
export async function readInput(): Promise<Uint8Array> {
  const chunks: number[] = [];
  for (;;) {
    const chunk = host.read(stdin, chunkSize);
    if (chunk === null) await readable();
    else if (chunk.length === 0) return Uint8Array.from(chunks);
    else {
      for (const byte of chunk) chunks.push(byte);
      if (chunks.length > maxInput) throw new KindError('resource-exhausted', `more than ${maxInput} bytes of input`);
    }
  }
}

function readable(): Promise<void> {
  return new Promise((resolve) => {
    const watch = host.watch(stdin, watchFor.reading, () => {
      host.endWatch(watch);
      resolve();
    });
  });
}
