import { normalizePlatform } from './normalize-platform.ts';
import type { Platform } from './platform.ts';

/**
 * Chooses among the platforms of an index, best first: those wanted, in their order, each followed by the ones that its
 * hardware also runs (`arm/v7` runs `arm/v6`, `arm64` runs `arm`, `amd64` runs `386`).
 * Without wanted platforms everything matches, in the given order.
 *
 * @example
 * const matcher = new PlatformMatcher([{ os: 'linux', architecture: 'amd64' }]);
 * matcher.rank({ os: 'linux', architecture: 'arm64' }); // undefined
 */
export class PlatformMatcher {
  readonly #wanted: readonly Platform[] | undefined;

  constructor(wanted: readonly Platform[]) {
    this.#wanted = wanted.length === 0 ? undefined : wanted.flatMap(compatible);
  }

  /** Lower is better; undefined when the platform does not match. */
  rank(platform: Platform): number | undefined {
    if (this.#wanted === undefined) return 0;
    const candidate = normalizePlatform(platform);
    const rank = this.#wanted.findIndex((wanted) => matches(wanted, candidate));
    return rank === -1 ? undefined : rank;
  }

  /** Whether the platform matches; a missing one does. */
  matches(platform: Platform | undefined): boolean {
    return platform === undefined || this.rank(platform) !== undefined;
  }
}

function matches(wanted: Platform, candidate: Platform): boolean {
  return (
    wanted.os === candidate.os &&
    wanted.architecture === candidate.architecture &&
    (wanted.variant ?? '') === (candidate.variant ?? '') &&
    (wanted.os !== 'windows' || sameWindows(wanted.osVersion, candidate.osVersion))
  );
}

/** Windows images match by the first three parts of the version. */
function sameWindows(wanted: string | undefined, candidate: string | undefined): boolean {
  if (wanted === undefined || candidate === undefined) return true;
  return wanted.split('.').slice(0, 3).join('.') === candidate.split('.').slice(0, 3).join('.');
}

/** What runs on a platform, the platform itself first. Source: the compatibility tables of Go's platforms library. */
function compatible(wanted: Platform): Platform[] {
  const platform = normalizePlatform(wanted);
  const others: Platform[] = [];
  const add = (architecture: string, variant?: string): void => {
    others.push({ os: platform.os, architecture, ...(variant === undefined ? {} : { variant }) });
  };
  const variant = platform.variant ?? '';
  if (platform.architecture === 'amd64') {
    const level = /^v([2-9])$/.exec(variant)?.[1];
    for (let lower = Number(level ?? 1) - 1; lower >= 1; lower--) add('amd64', lower === 1 ? undefined : `v${lower}`);
    add('386');
  } else if (platform.architecture === 'arm') {
    addArm(Number(/^v([5-9])$/.exec(variant)?.[1] ?? 0) - 1, add);
  } else if (platform.architecture === 'arm64') {
    if (variant !== '') {
      const [, major = '0', minor = '0'] = /^v([89])(?:\.(\d))?$/.exec(variant) ?? [];
      for (let lower = Number(minor) - 1; lower > 0; lower--) add('arm64', `v${major}.${lower}`);
      add('arm64');
    }
    addArm(8, add);
  }
  return [platform, ...others];
}

function addArm(from: number, add: (architecture: string, variant: string) => void): void {
  for (let lower = from; lower >= 5; lower--) add('arm', `v${lower}`);
}
