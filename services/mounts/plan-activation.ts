import { KindError } from '../../pkg/errors/kind-error.ts';
import type { Mount } from '../../pkg/mounts/mount.ts';

/** What is done to a mount before it is performed, as its type says in front: `format/mkdir/overlay`. */
export type Transformation = 'format' | 'mkdir';

/** One mount of an activation. */
export interface PlannedMount {
  /** With its plain type. */
  readonly mount: Mount;
  readonly transformations: readonly Transformation[];
}

/** Which mounts the daemon performs, and which are left to the caller. */
export interface ActivationPlan {
  readonly ours: readonly PlannedMount[];
  /** The first of them is transformed, too; those behind it never need to be. */
  readonly system: readonly PlannedMount[];
}

/** containerd knows it too, and we do not. */
const unknownTransformations = new Set(['mkfs']);

/**
 * Divides mounts: everything up to the last `loop`, and before the last transformation, is the daemon's; all of them when temporary.
 * @throws KindError `unimplemented` when nothing is, and for a transformation that is not known.
 */
export function planActivation(mounts: readonly Mount[], temporary: boolean): ActivationPlan {
  const planned = mounts.map(plan);
  let first = temporary && planned.length > 0 ? planned.length : -1;
  for (const [index, { mount, transformations }] of planned.entries()) {
    if (temporary) break;
    if (transformations.length > 0) first = index;
    if (mount.type === 'loop') first = index + 1;
  }
  if (first < 0) throw new KindError('unimplemented', 'activation of mounts that need nothing of the daemon');
  return { ours: planned.slice(0, first), system: planned.slice(first) };
}

function plan(mount: Mount): PlannedMount {
  const words = mount.type.split('/');
  const transformations: Transformation[] = [];
  for (let word = words[0]; words.length > 1 && isTransformation(word); word = words[0]) {
    transformations.push(word);
    words.shift();
  }
  const [next = ''] = words;
  if (words.length > 1 && unknownTransformations.has(next))
    throw new KindError('unimplemented', `transformation "${next}" of a mount of type ${JSON.stringify(mount.type)}`);
  return { mount: { ...mount, type: words.join('/') }, transformations };
}

function isTransformation(word: string | undefined): word is Transformation {
  return word === 'format' || word === 'mkdir';
}
