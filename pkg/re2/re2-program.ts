import { maxRepeat } from './parse-repeat.ts';
import { Re2Error } from './re2-error.ts';
import type { Assertion, CharacterTest, Re2Node } from './re2-node.ts';

/** One step; `next` and `other` are indices of steps. */
export type Instruction =
  | { readonly kind: 'match' }
  | { readonly kind: 'character'; readonly test: CharacterTest; readonly next: number }
  | { readonly kind: 'assertion'; readonly assertion: Assertion; readonly next: number }
  | { readonly kind: 'split'; next: number; other: number };

/** A regular expression as a non-deterministic automaton. */
export interface Re2Program {
  readonly instructions: readonly Instruction[];
  readonly start: number;
}

/** Bounds the time that one character of text may take. */
const maxInstructions = 10_000;

/**
 * Builds the automaton, backwards: each node is told what follows it.
 * @throws Re2Error when counts nest to more than 1000, as Go does, or the automaton gets more than 10,000 steps.
 */
export function buildProgram(node: Re2Node): Re2Program {
  checkRepeats(node, maxRepeat);
  const instructions: Instruction[] = [{ kind: 'match' }];
  const emit = (instruction: Instruction): number => {
    if (instructions.length >= maxInstructions) throw new Re2Error('expression too large');
    return instructions.push(instruction) - 1;
  };
  const build = (part: Re2Node, next: number): number => {
    switch (part.kind) {
      case 'empty':
        return next;
      case 'character':
        return emit({ kind: 'character', test: part.test, next });
      case 'assertion':
        return emit({ kind: 'assertion', assertion: part.assertion, next });
      case 'sequence':
        return part.nodes.reduceRight((following, child) => build(child, following), next);
      case 'choice':
        return part.nodes
          .map((child) => build(child, next))
          .reduceRight((other, start) => emit({ kind: 'split', next: start, other }));
      case 'repeat':
        return buildRepeat(part, next);
    }
  };
  const buildRepeat = ({ node: child, min, max }: Re2Node & { kind: 'repeat' }, next: number): number => {
    let following = next;
    if (max === undefined) {
      const loop: Instruction = { kind: 'split', next: 0, other: next };
      following = emit(loop);
      loop.next = build(child, following);
    }
    // An optional copy may be skipped only together with those behind it.
    for (let i = min; i < (max ?? min); i++)
      following = emit({ kind: 'split', next: build(child, following), other: next });
    for (let i = 0; i < min; i++) following = build(child, following);
    return following;
  };
  const start = build(node, 0);
  return { instructions, start };
}

/** Counts multiply when they nest: each node may be repeated `budget` times by those around it. */
function checkRepeats(node: Re2Node, budget: number): void {
  if (node.kind === 'repeat') {
    const times = node.max ?? node.min;
    if (times > budget) throw new Re2Error('invalid repeat count');
    checkRepeats(node.node, times > 0 ? Math.floor(budget / times) : budget);
  } else if (node.kind === 'sequence' || node.kind === 'choice') {
    for (const child of node.nodes) checkRepeats(child, budget);
  }
}
