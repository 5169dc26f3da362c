import type { Flow } from './flow.ts';
import { settledWithin } from './settled-within.ts';

/** By then, what can be moved at once has been moved. Milliseconds. */
const firstLook = 250;
/** From then on a client may leave at any time; nothing tells of it. Milliseconds. */
const nextLooks = 1000;

/** Settles when all flows have ended, or after the limit; sooner when those that have not are stuck: who would take the rest is not there. */
export async function drainFlows(flows: readonly Flow[], limitMs: number): Promise<void> {
  const open = new Set(flows);
  const ended = Promise.all(flows.map((flow) => flow.ended.then(() => open.delete(flow))));
  let left = limitMs;
  for (let step = firstLook; left > 0; step = nextLooks) {
    if (await settledWithin(ended, Math.min(step, left))) return;
    if ([...open].every((flow) => flow.stuck())) return;
    left -= step;
  }
}
