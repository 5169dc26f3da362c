import type { PeerVersion } from '../../lab/peers.ts';

/** Makes of an output what two daemons can be compared by: leaves out what differs from run to run. */
export type Normaliser = (text: string) => string;

/** What `{name}` stands for in the words of a step. */
export type Facts = ReadonlyMap<string, string>;

/** What a program said and how it ended. */
export interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a step that is more than one program can do. */
export interface TourActions {
  /** Runs `ctr` to its end. Facts are filled in. */
  ctr(args: readonly string[]): Promise<Said>;
  /** What a program of an earlier step, which goes on, has written to stdout so far. */
  outputOf(name: string): string;
  /** Waits until it has written this to stdout. @throws Error when it ends without. */
  heard(name: string, pattern: RegExp): Promise<unknown>;
  /** Sends it a signal. */
  signal(name: string, signal: NodeJS.Signals): void;
}

/**
 * One step of the tour: what is typed, and what is looked at. It is data, so that the same step is played before two daemons.
 *
 * Words may hold facts: `{image}` in a word becomes the reference of the image, and where the reference turns up in an output it becomes
 * `{image}` again.
 */
export interface TourStep {
  /** Unique in its area; the table of differences names it. */
  readonly name: string;
  /** The arguments of `ctr`. */
  readonly ctr?: readonly string[];
  /** Or a script for `sh`: what people do around `ctr`. */
  readonly sh?: string;
  /** Or something that is neither. */
  readonly does?: (tour: TourActions) => Promise<Said>;
  /** Or the end of a program that goes on since an earlier step: sends it the signal, if there is one, and waits for its end. */
  readonly ends?: string;
  readonly signal?: NodeJS.Signals;
  /** The exit code that people count on, 0 by default. A daemon of the client's own age that gives another one judges the step, not us. */
  readonly code?: number;
  /** The ages of `ctr` that can do it; all by default. */
  readonly ages?: readonly PeerVersion[];
  /** Given to stdin. */
  readonly input?: string;
  /** Runs it on a pseudo-terminal. */
  readonly terminal?: boolean;
  /**
   * A talk: waits for each pattern in what came since the last, then types; stdin is closed in the end unless it is a terminal. What reads
   * its stdin to the end needs one: `ctr run` forgets to tell of an end that comes before the task is there.
   */
  readonly talk?: readonly (readonly [wait: RegExp, typed: string])[];
  /** Lets it go on, under this name, once its stdout matches. */
  readonly goesOn?: { readonly as: string; readonly once: RegExp };
  /** Applied in this order, after what holds for every output. */
  readonly normalise?: readonly Normaliser[];
  /** Must be in what the reference says, for else the step shows nothing. */
  readonly shows?: RegExp;
  /** Facts for later steps: the first group of a pattern in stdout. */
  readonly keeps?: Readonly<Record<string, RegExp>>;
}

/** Steps that stand on each other, in this order, before a daemon of their own. */
export interface TourArea {
  readonly name: string;
  readonly steps: readonly TourStep[];
}

/** A step of `ctr`, named by its own words unless told otherwise. */
export function ctr(words: string, rest: Partial<TourStep> = {}): TourStep {
  return { name: words, ctr: splitWords(words), ...rest };
}

/** A step of `sh`. */
export function sh(name: string, script: string, rest: Partial<TourStep> = {}): TourStep {
  return { name, sh: script, ...rest };
}

/** Words as a shell splits them, single quotes understood. */
function splitWords(line: string): string[] {
  return [...line.matchAll(/(?:'[^']*'|[^\s'])+/g)].map(([word]) => word.replaceAll("'", ''));
}
