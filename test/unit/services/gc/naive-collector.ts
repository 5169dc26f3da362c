import { nameOf } from './collecting-database.ts';
import { snapshotter, type GcRecord } from './gc-records.ts';

/** What a lease that is flat keeps a thing with, and what everything else does. */
type How = 'flat' | 'full';

/** What remains of records when all stands still, worked out as plainly as can be: the model that the collector is compared with. */
export class NaiveCollector {
  readonly #records: readonly GcRecord[];
  readonly #now: number;
  readonly #reached = new Map<string, Set<How>>();

  /** @param now milliseconds since 1970 */
  constructor(records: readonly GcRecord[], now: number) {
    this.#records = records;
    this.#now = now;
    for (const record of records) if (this.#isRoot(record)) this.#reach(record, 'full');
  }

  /** Whether a record stays. */
  stays(record: GcRecord): boolean {
    return this.#reached.has(nameOf(record));
  }

  /** Whether all that it refers to stays with it: not so if it is reached flat only. */
  isWhole(record: GcRecord): boolean {
    return this.#reached.get(nameOf(record))?.has('full') ?? true;
  }

  /** What a record refers to of what is there, with what is kept by naming it. */
  targets(record: GcRecord): GcRecord[] {
    return [...this.#structure(record), ...this.#labelled(record)].filter((target) => this.#records.includes(target));
  }

  #isRoot(record: GcRecord): boolean {
    const { kind, labels = {}, expireAt = 0n } = record;
    const expire = labels['containerd.io/gc.expire'];
    const expired = expire !== undefined && Date.parse(expire) < this.#now;
    if (kind === 'container' || kind === 'sandbox') return true;
    if (kind === 'image' || kind === 'lease') return !expired;
    if (kind === 'ingest') return Number(expireAt / 1_000_000n) > this.#now;
    if (kind === 'entry') {
      const lease = this.#leaseOf(record);
      return lease !== undefined && this.#isRoot(lease);
    }
    return labels['containerd.io/gc.root'] !== undefined || (expire !== undefined && !expired);
  }

  #reach(record: GcRecord, how: How): void {
    const name = nameOf(record);
    const reached = this.#reached.get(name) ?? new Set();
    if (reached.has(how)) return;
    this.#reached.set(name, reached.add(how));
    const isFlat = this.#leaseOf(record)?.labels?.['containerd.io/gc.flat'] !== undefined;
    for (const target of this.#structure(record)) {
      this.#reach(target, record.kind === 'entry' && isFlat && target.kind !== 'ingest' ? 'flat' : how);
    }
    if (how === 'full') for (const target of this.#labelled(record)) this.#reach(target, 'full');
  }

  #leaseOf({ kind, namespace, on }: GcRecord): GcRecord | undefined {
    if (kind !== 'entry') return undefined;
    const lease = this.#find('lease', namespace, on ?? '');
    return this.#records.includes(lease) ? lease : undefined;
  }

  #structure({ kind, namespace, name, on = '' }: GcRecord): GcRecord[] {
    const found = (wanted: GcRecord['kind'], key: string) => [this.#find(wanted, namespace, key)];
    if (kind === 'snapshot' || kind === 'container') return found('snapshot', on);
    if (kind === 'image' || kind === 'ingest') return found('blob', on);
    if (kind !== 'entry') return [];
    const [type = '', id = ''] = name.split(':');
    return [...found('lease', on), ...found(kindsByType[type] ?? 'blob', id)];
  }

  /** By its own labels, and by the labels of those who say that they live as long as it does. */
  #labelled(record: GcRecord): GcRecord[] {
    const { kind, namespace, labels = {} } = record;
    const targets: (GcRecord | undefined)[] = [];
    if (kind === 'lease') return [];
    for (const [label, value] of Object.entries(labels)) {
      const named = /^containerd\.io\/gc\.ref\.(content|image|snapshot\.overlayfs)(?:[./].*)?$/.exec(label)?.[1];
      if (named !== undefined) targets.push(this.#find(kindsByLabel[named] ?? 'blob', namespace, value));
      if (label === `containerd.io/gc.cond.snapshot.${snapshotter}` && (kind === 'blob' || kind === 'image')) {
        targets.push(this.#conditional(namespace, value));
      }
    }
    for (const other of this.#records) {
      if (other.namespace !== namespace) continue;
      for (const [label, value] of Object.entries(other.labels ?? {})) {
        const named = /^containerd\.io\/gc\.bref\.(container|content|image|snapshot\.overlayfs)(?:[./].*)?$/.exec(
          label,
        )?.[1];
        if (named !== undefined && kindsByLabel[named] === kind && value === record.name) targets.push(other);
      }
    }
    return targets.filter((target) => target !== undefined);
  }

  /** Only `usedat<1h|key` is made here. */
  #conditional(namespace: string, value: string): GcRecord | undefined {
    const snapshot = this.#find('snapshot', namespace, value.slice(value.indexOf('|') + 1));
    const usedAt = snapshot.labels?.['containerd.io/gc.cond.value-usedat'];
    return usedAt !== undefined && this.#now - Date.parse(usedAt) < 3_600_000 ? snapshot : undefined;
  }

  /** What is not there may be referred to all the same, and keep those that live as long as it would. */
  #find(kind: GcRecord['kind'], namespace: string, name: string): GcRecord {
    const found = this.#records.find((record) => {
      return record.kind === kind && record.namespace === namespace && record.name === name;
    });
    return found ?? { kind, namespace, name };
  }
}

const kindsByType: Readonly<Record<string, GcRecord['kind']>> = {
  content: 'blob',
  images: 'image',
  ingests: 'ingest',
  'snapshots/overlayfs': 'snapshot',
};

const kindsByLabel: Readonly<Record<string, GcRecord['kind']>> = {
  content: 'blob',
  image: 'image',
  container: 'container',
  'snapshot.overlayfs': 'snapshot',
};
