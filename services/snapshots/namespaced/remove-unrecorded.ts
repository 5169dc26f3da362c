import { forEachLimited } from '../../../pkg/concurrency/for-each-limited.ts';
import { kindOf } from '../../../pkg/errors/kind-of.ts';
import type { KeyedMutex } from '../../../pkg/keyed-mutex/keyed-mutex.ts';
import { Pacer } from '../../../pkg/pacer/pacer.ts';
import type { Pins } from '../../../pkg/pins/pins.ts';
import type { Scope } from '../../../pkg/scope/scope.ts';
import type { SnapshotInfo, Snapshotter } from '../../../snapshotters/snapshotter.ts';

/** Removals that are under way at a time: their writes share batches. */
const removalsAtOnce = 128;

/** What the removal works with. */
export interface RemoveUnrecordedParts {
  readonly scope: Scope;
  readonly backend: Snapshotter;
  /** The backend's keys that records on disk name; may be walked slowly. */
  readonly recorded: () => Iterable<string>;
  /** The backend's keys that are on their way to a record. */
  readonly pins: Pins;
  /** Those that were recorded though the backend had them before, which is rare. */
  readonly adopted: ReadonlySet<string>;
  /** Held for a key while it is removed. */
  readonly removals: KeyedMutex;
}

/**
 * Removes from the backend the snapshots that no record names, children before parents.
 *
 * Safe beside every other call: a key is pinned from before the backend has it until its record is on disk, and the records
 * are asked after the backend's list was made.
 * @throws what the first removal that failed threw, after the others were tried.
 */
export async function removeUnrecorded(parts: RemoveUnrecordedParts): Promise<void> {
  const { scope, backend, pins, adopted, removals } = parts;
  const pacer = new Pacer();
  const infos: SnapshotInfo[] = [];
  for await (const info of backend.list(scope, [])) {
    if (pacer.due()) await pacer.pause();
    infos.push(info);
  }
  // At this moment each is recorded, on its way to a record, or nobody's.
  const doubtful = infos.filter(({ name }) => !pins.has(name));
  const recorded = new Set<string>();
  for (const key of parts.recorded()) {
    if (pacer.due()) await pacer.pause();
    recorded.add(key);
  }
  const unrecorded = doubtful.filter(({ name }) => !recorded.has(name));
  for (const wave of childrenFirst(unrecorded)) {
    await forEachLimited(wave, removalsAtOnce, async (name) => {
      scope.signal?.throwIfAborted();
      using _lock = await removals.lock(name);
      // Somebody may have adopted it since.
      if (pins.has(name) || (adopted.has(name) && [...parts.recorded()].includes(name))) return;
      await backend.remove(scope, name).catch((error: unknown) => {
        // A parent whose child stays has to stay too.
        if (kindOf(error) !== 'not-found' && kindOf(error) !== 'failed-precondition') throw error;
      });
    });
  }
}

/** The names in waves: those of a wave have no children but in the waves before. */
function childrenFirst(infos: readonly SnapshotInfo[]): string[][] {
  const parents = new Map(infos.map(({ name, parent }) => [name, parent]));
  const children = new Map<string, number>();
  for (const { parent } of infos) children.set(parent, (children.get(parent) ?? 0) + 1);
  const waves: string[][] = [];
  let wave = infos.map(({ name }) => name).filter((name) => !children.has(name));
  while (wave.length > 0) {
    waves.push(wave);
    const next: string[] = [];
    for (const name of wave) {
      const parent = parents.get(name) ?? '';
      const left = (children.get(parent) ?? 0) - 1;
      children.set(parent, left);
      if (left === 0 && parents.has(parent)) next.push(parent);
    }
    wave = next;
  }
  return waves;
}
