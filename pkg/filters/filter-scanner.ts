import { scanQuoted } from './scan-quoted.ts';

/** What a scanned token is; `other` is a character that begins none. */
export type FilterTokenKind = 'end' | 'field' | 'quoted' | 'separator' | 'operator' | 'value' | 'illegal' | 'other';

/** A token of the filter language. */
export interface FilterToken {
  readonly kind: FilterTokenKind;
  /** Where it begins, in UTF-16 units. */
  readonly position: number;
  readonly text: string;
  /** What is wrong with an illegal one. */
  readonly problem?: string;
}

const space = /\s/u;
const operatorRun = /[=!~]+/y;
const fieldRun = /[A-Za-z0-9_]+/y;
const valueRun = /[^\s,]+/y;

/** Takes a filter apart. After an operator it reads a value, elsewhere a field: their characters differ. */
export class FilterScanner {
  readonly input: string;
  #position = 0;
  #wantsValue = false;

  constructor(input: string) {
    this.input = input;
  }

  /** Where the next token, or white space before it, begins. */
  get position(): number {
    return this.#position;
  }

  /** The next character as it stands, white space too; empty at the end. */
  peek(): string {
    const point = this.input.codePointAt(this.#position);
    return point === undefined ? '' : String.fromCodePoint(point);
  }

  /** The next token; white space before it is skipped. */
  scan(): FilterToken {
    while (this.#position < this.input.length && space.test(this.peek())) this.#position++;
    const position = this.#position;
    const first = this.peek();
    if (first === '') return { kind: 'end', position, text: '' };
    if (first === '"' || first === '/' || first === '|') return this.#quoted(position);
    if (first === ',' || first === '.') {
      this.#wantsValue = false;
      this.#position++;
      return { kind: 'separator', position, text: first };
    }
    const operator = this.#run(operatorRun);
    if (operator !== '') {
      this.#wantsValue = true;
      return { kind: 'operator', position, text: operator };
    }
    if (this.#wantsValue) {
      this.#wantsValue = false;
      return { kind: 'value', position, text: this.#run(valueRun) };
    }
    const field = this.#run(fieldRun);
    if (field !== '') return { kind: 'field', position, text: field };
    this.#position += first.length;
    return { kind: 'other', position, text: first };
  }

  #quoted(position: number): FilterToken {
    const { end, problem } = scanQuoted(this.input, position);
    this.#position = end;
    const text = this.input.slice(position, end);
    return problem === undefined ? { kind: 'quoted', position, text } : { kind: 'illegal', position, text, problem };
  }

  #run(pattern: RegExp): string {
    pattern.lastIndex = this.#position;
    const text = pattern.exec(this.input)?.[0] ?? '';
    this.#position += text.length;
    return text;
  }
}
