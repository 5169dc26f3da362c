import { KindError } from '../errors/kind-error.ts';
import { FilterScanner, type FilterToken } from './filter-scanner.ts';
import { unquote } from './unquote.ts';

/** How a selector compares; `present` needs no value. */
export type SelectorOperator = 'present' | '==' | '!=' | '~=';

/** One condition on one field. */
export interface Selector {
  readonly path: readonly string[];
  readonly operator: SelectorOperator;
  readonly value: string;
}

/**
 * Parses one filter: its selectors, all of which must hold. The empty string has none.
 *
 *     filter   = selector *( "," selector )
 *     selector = path [ operator value ]
 *     path     = segment *( "." segment )
 *     segment  = 1*( letter | digit | "_" ) | quoted
 *     operator = "==" | "!=" | "~="
 *     value    = quoted | a run without white space and "," that does not begin like another token
 *     quoted   = '"' … '"', and after "~=" also "/" … "/" and "|" … "|"
 *
 * Source: containerd's filter language as its daemon accepts it, with its messages.
 * @throws KindError `invalid-argument` that shows the position.
 */
export function parseFilter(input: string): readonly Selector[] {
  if (input === '') return [];
  const parser = new Parser(input);
  return parser.selectors();
}

class Parser {
  readonly #scanner: FilterScanner;

  constructor(input: string) {
    this.#scanner = new FilterScanner(input);
  }

  selectors(): readonly Selector[] {
    const selectors = [this.#selector()];
    for (;;) {
      const next = this.#scanner.peek();
      if (next === '') return selectors;
      if (next !== ',') throw this.#error(this.#scanner.position, `unexpected input: ${next}`);
      this.#scanner.scan();
      selectors.push(this.#selector());
    }
  }

  #selector(): Selector {
    const path = [this.#segment()];
    while (this.#scanner.peek() === '.') {
      this.#scanner.scan();
      path.push(this.#segment());
    }
    const next = this.#scanner.peek();
    if (next === ',' || next === '') return { path, operator: 'present', value: '' };
    const operator = this.#operator();
    return { path, operator, value: this.#value(operator) };
  }

  #segment(): string {
    const token = this.#scan();
    if (token.kind === 'field') return token.text;
    if (token.kind === 'quoted') return this.#unquote(token, false);
    throw this.#error(token.position, 'expected field or quoted');
  }

  #operator(): '==' | '!=' | '~=' {
    const token = this.#scan();
    const { text } = token;
    if (text === '==' || text === '!=' || text === '~=') return text;
    if (token.kind === 'operator') throw this.#error(token.position, `unsupported operator "${text}"`);
    throw this.#error(token.position, 'expected an operator ("=="|"!="|"~=")');
  }

  #value(operator: SelectorOperator): string {
    const token = this.#scan();
    if (token.kind === 'value' || token.kind === 'field') return token.text;
    if (token.kind === 'quoted') return this.#unquote(token, operator === '~=');
    throw this.#error(token.position, 'expected value or quoted');
  }

  #scan(): FilterToken {
    const token = this.#scanner.scan();
    if (token.problem !== undefined) throw this.#error(token.position, token.problem);
    return token;
  }

  #unquote(token: FilterToken, anyQuote: boolean): string {
    if (!anyQuote && !token.text.startsWith('"')) throw this.#error(token.position, 'invalid quote encountered');
    const text = unquote(token.text);
    if (text === undefined) throw this.#error(token.position, 'unquoting failed: quote syntax error');
    return text;
  }

  #error(position: number, problem: string): KindError {
    const { input } = this.#scanner;
    const at = String.fromCodePoint(...(position < input.length ? [input.codePointAt(position) ?? 0] : []));
    const where = at === '' ? input : `${input.slice(0, position)} >|${at}|< ${input.slice(position + at.length)}`;
    return new KindError('invalid-argument', `filters: parse error: [${where}]: ${problem}`);
  }
}
