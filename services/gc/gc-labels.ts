import { parseGoDuration } from '../../pkg/duration/parse-go-duration.ts';
import type { Labels } from '../../pkg/labels/labels.ts';
import { parseRfc3339 } from '../../pkg/time/rfc3339.ts';

/** What a label says: the record refers to a thing, is kept by a thing, or refers to a snapshot that was used at a certain time. */
export interface GcLabel {
  readonly type: 'reference' | 'back-reference' | 'condition';
  readonly kind: string;
  readonly group: string;
  readonly key: string;
  /** Of a condition: whether a snapshot that was used this long ago (nanoseconds) is referred to. */
  readonly holds?: (age: bigint) => boolean;
}

const prefix = 'containerd.io/gc.';
const rootLabel = 'containerd.io/gc.root';
const expireLabel = 'containerd.io/gc.expire';
const flatLabel = 'containerd.io/gc.flat';
const usedAtLabel = 'containerd.io/gc.cond.value-usedat';

const none: readonly GcLabel[] = [];
/** What back references may name; references may name these and the kinds of collectable resources. */
const backKinds: ReadonlySet<string> = new Set(['container', 'content', 'image']);

/**
 * What the labels of a record refer to. Keys may end in `.<any>` or `/<any>`, so that there can be several.
 *
 * @param kinds that `gc.ref.<kind>` may name, snapshots apart
 */
export function gcLabels(namespace: string, labels: Labels, kinds: ReadonlySet<string>): readonly GcLabel[] {
  let found: GcLabel[] | undefined;
  for (const [label, value] of labels) {
    if (!label.startsWith(prefix)) continue;
    const name = label.slice(prefix.length);
    for (const parsed of parse(namespace, name, value, kinds)) (found ??= []).push(parsed);
  }
  return found ?? none;
}

/** Whether `gc.root`, with any value, keeps a record. */
export function hasRootLabel(labels: Labels): boolean {
  return labels.has(rootLabel);
}

/** Whether a lease keeps what it lists without what that refers to. */
export function hasFlatLabel(labels: Labels): boolean {
  return labels.has(flatLabel);
}

/** When a record ends by `gc.expire`; undefined without the label, or with one that is no RFC 3339 time, which is ignored. */
export function expiryOf(labels: Labels): bigint | undefined {
  const text = labels.get(expireLabel);
  return text === undefined ? undefined : parseRfc3339(text);
}

/** When a snapshot was last used, by its own word. */
export function usedAt(labels: Labels): bigint | undefined {
  const text = labels.get(usedAtLabel);
  return text === undefined ? undefined : parseRfc3339(text);
}

function parse(namespace: string, name: string, value: string, kinds: ReadonlySet<string>): GcLabel[] {
  if (name.startsWith('ref.')) return references('reference', namespace, name.slice(4), value, kinds);
  if (name.startsWith('bref.')) return references('back-reference', namespace, name.slice(5), value, backKinds);
  if (name.startsWith('cond.snapshot')) return condition(namespace, name.slice(13).replace(/^[./]+/, ''), value);
  return [];
}

function references(
  type: GcLabel['type'],
  namespace: string,
  name: string,
  key: string,
  kinds: ReadonlySet<string>,
): GcLabel[] {
  if (name.startsWith('snapshot.')) {
    return snapshotters(name.slice(9)).map((sn) => ({ type, kind: 'snapshot', group: `${namespace}/${sn}`, key }));
  }
  const kind = /^[^./]*/.exec(name)?.[0] ?? '';
  return kinds.has(kind) ? [{ type, kind, group: namespace, key }] : [];
}

/** A suffix may follow a slash or a dot; but the name of a snapshotter may hold a dot, too, so both readings count. */
function snapshotters(text: string): string[] {
  const [whole = ''] = text.split('/', 1);
  const [short = ''] = whole.split('.', 1);
  return short === whole ? [whole] : [whole, short];
}

/** `usedat<1h,usedat>30h|key`: the key's snapshot is referred to while any of the conditions holds. */
function condition(namespace: string, name: string, value: string): GcLabel[] {
  const bar = value.indexOf('|');
  if (bar < 0) return [];
  const tests = value
    .slice(0, bar)
    .split(',')
    .map(parseTest)
    .filter((test) => test !== undefined);
  if (tests.length === 0) return [];
  const holds = (age: bigint): boolean => tests.some((test) => test(age));
  const key = value.slice(bar + 1);
  return snapshotters(name).map((sn) => ({
    type: 'condition',
    kind: 'snapshot',
    group: `${namespace}/${sn}`,
    key,
    holds,
  }));
}

function parseTest(text: string): ((age: bigint) => boolean) | undefined {
  const [, operator, duration = ''] = /^usedat(<=|>=|!=|<|>|=)(.*)$/.exec(text) ?? [];
  const limit = nanoseconds(duration);
  if (operator === undefined || limit === undefined) return undefined;
  return (age) => {
    switch (operator) {
      case '<':
        return age < limit;
      case '<=':
        return age <= limit;
      case '>':
        return age > limit;
      case '>=':
        return age >= limit;
      case '=':
        return age === limit;
      default:
        return age !== limit;
    }
  };
}

function nanoseconds(duration: string): bigint | undefined {
  try {
    return BigInt(Math.round(parseGoDuration(duration) * 1e6));
  } catch {
    return undefined;
  }
}
