import type { PeerVersion } from '../../../lab/peers.ts';
import { only, sorted, transferred } from '../normalise.ts';
import { ctr, type TourStep } from '../tour-step.ts';

const older: readonly PeerVersion[] = ['1.7.24', '1.6.20'];

/** A step that the client does by itself, call by call: it has to be told so from 2.0 on. `--local` goes behind the second word. */
export function byClient(words: string, rest: Partial<TourStep> = {}): TourStep[] {
  // Blobs come in any order, and what is seen of a failing pull is a matter of luck.
  const { ages = ['2.1.9', ...older], normalise = rest.code === undefined ? [sorted] : [only(/^ctr:/)] } = rest;
  return [
    ctr(words.replace(/^(\S+ \S+)/, '$1 --local'), { ...rest, normalise, ages: ages.filter((age) => age === '2.1.9') }),
    ctr(words, { ...rest, normalise, ages: ages.filter((age) => age !== '2.1.9') }),
  ];
}

/**
 * A step that the daemon's Transfer service does; 1.6 has none, and 1.7 has to be told. That of 1.7 knows no registries but those with
 * certificates that the machine trusts.
 */
export function byTransfer(words: string, rest: Partial<TourStep> = {}): TourStep[] {
  const known: readonly PeerVersion[] = / (?:pull|push) /.test(words) ? ['2.1.9'] : ['2.1.9', '1.7.24'];
  // What is seen of a failing transfer is a matter of luck.
  const { ages = known, normalise = rest.code === undefined ? [transferred] : [only(/^ctr:/)] } = rest;
  return [
    ctr(words, { ...rest, normalise, ages: ages.filter((age) => age === '2.1.9') }),
    ctr(words.replace(/^(\S+ \S+)/, '$1 --local=false'), {
      ...rest,
      normalise,
      ages: ages.filter((age) => age === '1.7.24'),
    }),
  ];
}

/** Fetches the image that most areas use. */
export const pullImage: readonly TourStep[] = byClient('image pull --plain-http {image}');
