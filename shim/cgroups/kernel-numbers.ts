/** The largest `uint64`, which stands for `max` in cgroups of version 2. */
export const unlimited = 2n ** 64n - 1n;

/** A number as files of cgroups hold it: `max` is `whenMax`; what is missing, negative or no number is 0. */
export function parseCount(text: string | null | undefined, whenMax: bigint): bigint {
  const word = (text ?? '').trim();
  if (word === 'max') return whenMax;
  return /^\d{1,20}$/.test(word) ? BigInt.asUintN(64, BigInt(word)) : 0n;
}

/** Lines of a name and a number, such as `memory.stat`. */
export function parseKeyed(text: string | null): Map<string, bigint> {
  const values = new Map<string, bigint>();
  for (const line of (text ?? '').split('\n')) {
    const [name = '', number] = line.split(' ');
    if (name !== '') values.set(name, parseCount(number, unlimited));
  }
  return values;
}

/** Words `name=number`, such as those of `io.stat` and `rdma.max`. */
export function parsePairs(words: readonly string[], whenMax: bigint): Map<string, bigint> {
  const values = new Map<string, bigint>();
  for (const word of words) {
    const [name = '', number] = word.split('=');
    values.set(name, parseCount(number, whenMax));
  }
  return values;
}
