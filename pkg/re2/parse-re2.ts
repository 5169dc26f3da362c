import { characterTest, type SetItem } from './character-set.ts';
import { Cursor } from './cursor.ts';
import { perlSet } from './named-sets.ts';
import { parseClass, parseUnicodeClass } from './parse-class.ts';
import { parseEscape } from './parse-escape.ts';
import { parseRepeat, type RepeatRange } from './parse-repeat.ts';
import { Re2Error } from './re2-error.ts';
import type { Assertion, Re2Node } from './re2-node.ts';

/** The flags in force: `i`, `m`, `s`; `U` changes nothing that matters here. */
interface Flags {
  readonly fold: boolean;
  readonly multiline: boolean;
  readonly dotAll: boolean;
}

const maxDepth = 200;
const anything = { ranges: [[0, 0x10ffff]], negated: false } as const satisfies SetItem;
const newline = { ranges: [[10, 10]], negated: false } as const satisfies SetItem;

/**
 * Parses a regular expression in the syntax of RE2 as Go takes it (package regexp/syntax, flags Perl).
 * @throws Re2Error for what Go refuses, and for groups nested deeper than 200.
 */
export function parseRe2(pattern: string): Re2Node {
  return new Parser(pattern).parse();
}

class Parser {
  readonly #cursor: Cursor;
  readonly #names = new Set<string>();
  #flags: Flags = { fold: false, multiline: false, dotAll: false };

  constructor(pattern: string) {
    this.#cursor = new Cursor(pattern);
  }

  parse(): Re2Node {
    const node = this.#choice(0);
    if (!this.#cursor.atEnd) throw new Re2Error('unexpected )');
    return node;
  }

  /** Up to the end or a closing parenthesis, which stays. */
  #choice(depth: number): Re2Node {
    if (depth > maxDepth) throw new Re2Error('expression nests too deeply');
    const nodes = [this.#sequence(depth)];
    while (this.#cursor.take('|')) nodes.push(this.#sequence(depth));
    const [only] = nodes;
    return nodes.length === 1 && only !== undefined ? only : { kind: 'choice', nodes };
  }

  #sequence(depth: number): Re2Node {
    const nodes: Re2Node[] = [];
    while (!this.#cursor.atEnd && this.#cursor.peek() !== '|' && this.#cursor.peek() !== ')') {
      nodes.push(...this.#atoms(depth));
      const repeat = parseRepeat(this.#cursor);
      if (repeat === undefined) continue;
      // Behind a change of flags the operator means what stands before that.
      const last = nodes.pop();
      if (last === undefined) throw new Re2Error('missing argument to repetition operator');
      nodes.push(this.#repeat(last, repeat));
    }
    return { kind: 'sequence', nodes };
  }

  #repeat(node: Re2Node, { min, max }: RepeatRange): Re2Node {
    if (parseRepeat(this.#cursor) !== undefined) throw new Re2Error('invalid nested repetition operator');
    return { kind: 'repeat', node, min, max };
  }

  /** What stands next: nothing for a change of flags, several characters for `\Q…\E`, else one node. */
  #atoms(depth: number): Re2Node[] {
    const cursor = this.#cursor;
    const character = cursor.peek();
    switch (character) {
      case '(':
        return this.#group(depth);
      case '[':
        return [{ kind: 'character', test: parseClass(cursor, this.#flags.fold) }];
      case '.':
        cursor.next();
        return [this.#flags.dotAll ? set([anything], false) : set([newline], true)];
      case '^':
        cursor.next();
        return [assertion(this.#flags.multiline ? 'line-begin' : 'text-begin')];
      case '$':
        cursor.next();
        return [assertion(this.#flags.multiline ? 'line-end' : 'text-end')];
      case '\\':
        return this.#escape();
      default:
        if (parseRepeat(cursor) !== undefined) throw new Re2Error('missing argument to repetition operator');
        return [this.#literal(cursor.next())];
    }
  }

  #literal(character: string): Re2Node {
    const point = character.codePointAt(0) ?? 0;
    return set([{ ranges: [[point, point]], negated: false }], false, this.#flags.fold);
  }

  #escape(): Re2Node[] {
    const cursor = this.#cursor;
    if (cursor.take('\\Q')) return Array.from(cursor.until('\\E'), (character) => this.#literal(character));
    if (cursor.take('\\A')) return [assertion('text-begin')];
    if (cursor.take('\\z')) return [assertion('text-end')];
    if (cursor.take('\\b')) return [assertion('word-boundary')];
    if (cursor.take('\\B')) return [assertion('no-word-boundary')];
    const perl = perlSet(cursor.peek(1));
    if (perl !== undefined) {
      cursor.skip(2);
      return [set([perl], false, this.#flags.fold)];
    }
    const unicode = parseUnicodeClass(cursor);
    if (unicode !== undefined) return [set([unicode], false, this.#flags.fold)];
    return [this.#literal(String.fromCodePoint(parseEscape(cursor)))];
  }

  #group(depth: number): Re2Node[] {
    const cursor = this.#cursor;
    const outer = this.#flags;
    cursor.next();
    if (cursor.take('?P<') || cursor.take('?<')) this.#name();
    else if (cursor.take('?') && this.#groupFlags() === ')') return [];
    const node = this.#choice(depth + 1);
    if (!cursor.take(')')) throw new Re2Error('missing closing )');
    this.#flags = outer;
    return [node];
  }

  #name(): void {
    if (!this.#cursor.contains('>')) throw new Re2Error('invalid named capture');
    const name = this.#cursor.until('>');
    if (!/^[A-Za-z0-9_]+$/.test(name)) throw new Re2Error('invalid named capture');
    if (this.#names.has(name)) throw new Re2Error('duplicate capture group name');
    this.#names.add(name);
  }

  /** Reads `i-s:` or `i-s)` and sets the flags; returns what ended it. */
  #groupFlags(): ':' | ')' {
    const flags = { ...this.#flags };
    let on = true;
    let needed = false;
    for (;;) {
      const character = this.#cursor.atEnd ? '' : this.#cursor.next();
      if (character === 'i') flags.fold = on;
      else if (character === 'm') flags.multiline = on;
      else if (character === 's') flags.dotAll = on;
      else if (character === '-' && on) on = false;
      else if ((character === ':' || character === ')') && !needed) {
        this.#flags = flags;
        return character;
      } else if (character !== 'U') throw new Re2Error('invalid or unsupported Perl syntax');
      needed = character === '-';
    }
  }
}

function assertion(name: Assertion): Re2Node {
  return { kind: 'assertion', assertion: name };
}

function set(items: readonly SetItem[], negated: boolean, fold = false): Re2Node {
  return { kind: 'character', test: characterTest(items, negated, fold) };
}
