import type { TestContext } from 'node:test';
import { firstFailure } from '../../pkg/errors/first-failure.ts';
import { type PeerVersion, peers } from './peers.ts';
import type { ShimProgram } from './shim-lab.ts';

/** A shim that faults are tried on. */
export interface ChosenShim extends ShimProgram {
  readonly name: string;
}

function chosen(name: string): ChosenShim {
  if (name === 'gantry') return { name: 'our shim', binary: peers.gantryShim(), bootstrapParams: true };
  const version = peers.versions.find((each): each is PeerVersion => each === name);
  if (version === undefined) throw new Error(`SHIMS: unknown shim "${name}": gantry, ${peers.versions.join(', ')}`);
  return { name: `the shim of ${version}`, binary: peers.shim(version), bootstrapParams: version !== '1.6.20' };
}

/** The shims that tests of faults are for: ours, or those that `SHIMS` in the environment lists, so that a test may be judged by others. */
export function chosenShims(): ChosenShim[] {
  return (process.env['SHIMS'] ?? 'gantry').split(',').map(chosen);
}

/** Does something so often, so many at once. */
export async function inLanes(count: number, lanes: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) await work(index);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

/** A test's work that fails with what failed first, not with what it then leaves behind. */
export function tellingFirst(work: (t: TestContext) => Promise<void>): (t: TestContext) => Promise<void> {
  return async (t) => {
    try {
      await work(t);
    } catch (error) {
      throw firstFailure(error);
    }
  };
}
