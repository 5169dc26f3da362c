import { differences } from './compare.ts';
import type { PlayedStep } from './tour-player.ts';

/**
 * Whether the two differ by no more than that the first gave nothing of what a container wrote to an output, and the other did. `ctr run` and
 * `ctr task attach` let go of a container's FIFOs as soon as they know of its end, whoever still holds some of its output: containerd's shim
 * tells of an end before it has copied all, and now and then that is lost.
 */
export function wasLost(poor: PlayedStep, whole: PlayedStep): boolean {
  const [verb = ''] = (poor.step.ctr ?? []).filter((word) => !/^tasks?$/.test(word));
  const found = differences(poor, whole);
  if (found.length === 0 || !/^(?:run|attach|start)$/.test(verb) || poor.said.code !== whole.said.code) return false;
  const isError = (line: string): boolean => line.startsWith('! ');
  return found.every(
    ({ whose, line }) =>
      // The second's.
      whose === 'gantry' &&
      // What the client says itself is never lost.
      !/^! (?:ctr:|time=)/.test(line) &&
      !poor.lines.slice(1).some((other) => isError(other) === isError(line)),
  );
}
