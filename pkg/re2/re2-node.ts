/** Matches one character, given by its code point. */
export type CharacterTest = (point: number) => boolean;

/** An assertion about a place between two characters, in RE2's words. */
export type Assertion = 'text-begin' | 'text-end' | 'line-begin' | 'line-end' | 'word-boundary' | 'no-word-boundary';

/** A parsed regular expression. Greed and captures do not matter to whether it matches, so they are not kept. */
export type Re2Node =
  | { readonly kind: 'empty' }
  | { readonly kind: 'character'; readonly test: CharacterTest }
  | { readonly kind: 'assertion'; readonly assertion: Assertion }
  | { readonly kind: 'sequence'; readonly nodes: readonly Re2Node[] }
  | { readonly kind: 'choice'; readonly nodes: readonly Re2Node[] }
  /** `max` is undefined when there is no bound. */
  | { readonly kind: 'repeat'; readonly node: Re2Node; readonly min: number; readonly max: number | undefined };
