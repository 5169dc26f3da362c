/** A place in a pattern, character (code point) by character. */
export class Cursor {
  readonly #characters: readonly string[];
  #at = 0;

  constructor(pattern: string) {
    this.#characters = Array.from(pattern);
  }

  get atEnd(): boolean {
    return this.#at >= this.#characters.length;
  }

  /** The character `ahead` of here; empty beyond the end. */
  peek(ahead = 0): string {
    return this.#characters[this.#at + ahead] ?? '';
  }

  /** The next character, which is consumed; empty at the end. */
  next(): string {
    return this.#characters[this.#at++] ?? '';
  }

  skip(count: number): void {
    this.#at += count;
  }

  /** Consumes `text`, all ASCII, if it stands here. */
  take(text: string): boolean {
    for (let i = 0; i < text.length; i++) if (this.peek(i) !== text[i]) return false;
    this.#at += text.length;
    return true;
  }

  /** Whether a character comes at or behind this place. */
  contains(character: string): boolean {
    return this.#characters.indexOf(character, this.#at) >= 0;
  }

  /** What comes before `end`, which is consumed too; all the rest when it does not come. */
  until(end: string): string {
    let text = '';
    while (!this.atEnd && !this.take(end)) text += this.next();
    return text;
  }

  /** Remembers the place; calling the result goes back to it. */
  mark(): () => void {
    const at = this.#at;
    return () => {
      this.#at = at;
    };
  }
}
