import { host } from '../host/host.ts';
import { watchFor } from '../host/watch-for.ts';

/** More is read and dropped. Bytes: the pids of a container with a hundred thousand processes fit. */
const maxOutput = 1 << 20;
const chunkSize = 16 << 10;

/** A program's output on its way to us. */
export interface OutputCollector extends Disposable {
  /** For the program. */
  readonly writing: number;
  /** The program has its copy: ours is closed. */
  started(): void;
  /** What has been written by now. A descendant of the program that holds the other end is not waited for. */
  finish(): Uint8Array;
}

/** Makes a pipe, and reads it until it is told that the program has ended. */
export function collectOutput(): OutputCollector {
  const [reading, writing] = host.pipe();
  const chunks: Uint8Array[] = [];
  let size = 0;
  let open = true;
  let ours = true;
  /** Whether the end was met. */
  const take = (): boolean => {
    for (;;) {
      const chunk = host.read(reading, chunkSize);
      if (chunk === null || chunk.length === 0) return chunk !== null;
      if (size + chunk.length <= maxOutput) chunks.push(chunk);
      size = Math.min(size + chunk.length, maxOutput);
    }
  };
  const watch = host.watch(reading, watchFor.reading, () => {
    if (take()) host.endWatch(watch);
  });
  const started = (): void => {
    if (ours) host.close(writing);
    ours = false;
  };
  return {
    writing,
    started,
    finish: (): Uint8Array => {
      take();
      return joined(chunks);
    },
    [Symbol.dispose]: (): void => {
      started();
      if (!open) return;
      open = false;
      host.endWatch(watch);
      host.close(reading);
    },
  };
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
