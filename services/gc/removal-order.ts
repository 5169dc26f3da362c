/** A thing that is to be removed, with those among the others that it refers to. */
export interface Removal<T> {
  readonly thing: T;
  readonly targets: Removal<T>[];
}

/** A removal on its way through the search: when it was met, and the earliest that it reaches. */
interface Visit<T> {
  readonly removal: Removal<T>;
  readonly number: number;
  low: number;
  next: number;
  open: boolean;
}

/**
 * Puts removals in an order in which whoever refers goes before what it refers to, so that whatever stands at any moment has all that
 * it refers to. Those that refer to each other in a circle come together and have to go at once.
 *
 * Yields after every step, so that the caller may pause; the result is Tarjan's strongly connected components, turned round.
 */
export function* removalOrder<T>(removals: readonly Removal<T>[]): Generator<void, Removal<T>[][], void> {
  const visits = new Map<Removal<T>, Visit<T>>();
  const components: Removal<T>[][] = [];
  const open: Visit<T>[] = [];
  const path: Visit<T>[] = [];
  const enter = (removal: Removal<T>): void => {
    const visit = { removal, number: visits.size, low: visits.size, next: 0, open: true };
    visits.set(removal, visit);
    open.push(visit);
    path.push(visit);
  };
  for (const removal of removals) {
    if (!visits.has(removal)) enter(removal);
    for (let visit = path.at(-1); visit !== undefined; visit = path.at(-1)) {
      const target = visit.removal.targets[visit.next++];
      if (target === undefined) {
        path.pop();
        const parent = path.at(-1);
        if (parent) parent.low = Math.min(parent.low, visit.low);
        if (visit.low === visit.number) components.push(take(open, visit));
      } else {
        const met = visits.get(target);
        if (met === undefined) enter(target);
        else if (met.open) visit.low = Math.min(visit.low, met.number);
      }
      yield;
    }
  }
  return components.reverse();
}

/** The component whose first member is `root`: all that were met after it and are still open. */
function take<T>(open: Visit<T>[], root: Visit<T>): Removal<T>[] {
  const members: Removal<T>[] = [];
  for (;;) {
    const member = open.pop();
    if (member === undefined) return members;
    member.open = false;
    members.push(member.removal);
    if (member === root) return members;
  }
}
