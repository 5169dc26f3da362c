import { Session, type HeapProfiler, type Profiler as Cpu } from 'node:inspector';
import { KindError } from '../../pkg/errors/kind-error.ts';
import { pprofProfile, type ProfileNode } from './pprof-profile.ts';

/**
 * Takes profiles of the main thread, one at a time: where its processor time goes, and who holds what was allocated meanwhile. Costs nothing
 * while none is taken.
 *
 * Errors: `failed-precondition` while another one is taken; the signal's reason.
 */
export class Profiler {
  #busy = false;

  /** What the thread did for a while, as `profile.proto`. */
  async processor(milliseconds: number, signal: AbortSignal): Promise<Uint8Array> {
    return this.#session(async (session, started) => {
      await post(session, 'Profiler.enable');
      await post(session, 'Profiler.setSamplingInterval', { interval: 1000 });
      await post(session, 'Profiler.start');
      await elapsed(milliseconds, signal);
      const { profile } = (await post(session, 'Profiler.stop')) as { readonly profile: Cpu.Profile };
      const types = [
        { type: 'samples', unit: 'count' },
        { type: 'cpu', unit: 'nanoseconds' },
      ];
      return pprofProfile({ types, root: processorTree(profile), started, duration: milliseconds });
    });
  }

  /** What was allocated in a while and is still held, as `profile.proto`. */
  async heap(milliseconds: number, signal: AbortSignal): Promise<Uint8Array> {
    return this.#session(async (session, started) => {
      await post(session, 'HeapProfiler.startSampling', { samplingInterval: 32_768 });
      await elapsed(milliseconds, signal);
      const answer = await post(session, 'HeapProfiler.stopSampling');
      const { profile } = answer as { readonly profile: HeapProfiler.SamplingHeapProfile };
      const types = [{ type: 'inuse_space', unit: 'bytes' }];
      return pprofProfile({ types, root: heapTree(profile.head), started, duration: milliseconds });
    });
  }

  async #session(take: (session: Session, started: number) => Promise<Uint8Array>): Promise<Uint8Array> {
    if (this.#busy) throw new KindError('failed-precondition', 'another profile is being taken');
    this.#busy = true;
    const session = new Session();
    session.connect();
    try {
      return await take(session, Date.now());
    } finally {
      session.disconnect();
      this.#busy = false;
    }
  }
}

function post(session: Session, method: string, parameters: object = {}): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  session.post(method, parameters, (error, answer) => {
    if (error) reject(error);
    else resolve(answer);
  });
  return promise;
}

async function elapsed(milliseconds: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  signal.addEventListener('abort', () => resolve(), { once: true });
  await promise;
  clearTimeout(timer);
  signal.throwIfAborted();
}

/** Idle time is no work. */
function processorTree({ nodes, samples = [], timeDeltas = [] }: Cpu.Profile): ProfileNode {
  const counted = new Map<number, [samples: number, nanoseconds: number]>(nodes.map(({ id }) => [id, [0, 0]]));
  samples.forEach((id, index) => {
    const counts = counted.get(id);
    if (!counts) return;
    counts[0]++;
    // Microseconds; those of the next sample passed in this one.
    counts[1] += Math.max(0, timeDeltas[index + 1] ?? 0) * 1000;
  });
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const build = (id: number): ProfileNode => {
    const node = byId.get(id);
    const callFrame = node?.callFrame ?? { functionName: '', url: '', lineNumber: 0 };
    const values = callFrame.functionName === '(idle)' ? [0, 0] : (counted.get(id) ?? [0, 0]);
    return { callFrame, values, children: (node?.children ?? []).map(build) };
  };
  return build(nodes[0]?.id ?? 0);
}

function heapTree({ callFrame, selfSize, children }: HeapProfiler.SamplingHeapProfileNode): ProfileNode {
  return { callFrame, values: [selfSize], children: children.map(heapTree) };
}
