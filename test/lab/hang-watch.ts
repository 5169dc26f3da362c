/** After how many milliseconds a file hangs: as a whole, and with no test under way. */
export interface HangLimits {
  readonly file: number;
  readonly idle: number;
}

/** Sees whether a test file goes on, from the begins and ends of its tests. Disposing of it ends the watch. */
export class HangWatch implements Disposable {
  readonly #underWay = new Map<number, string>();
  readonly #limits: HangLimits;
  readonly #hangs = new AbortController();
  readonly #late: NodeJS.Timeout;
  #idle: NodeJS.Timeout;

  constructor(limits: HangLimits) {
    this.#limits = limits;
    this.#late = this.#abortAfter(limits.file);
    this.#idle = this.#abortAfter(limits.idle);
  }

  /** Aborted when the file hangs; the reason is an Error that names the tests it is at. */
  get signal(): AbortSignal {
    return this.#hangs.signal;
  }

  begun(id: number, name: string): void {
    this.#underWay.set(id, name);
    clearTimeout(this.#idle);
  }

  ended(id: number): void {
    this.#underWay.delete(id);
    clearTimeout(this.#idle);
    if (this.#underWay.size === 0) this.#idle = this.#abortAfter(this.#limits.idle);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#late);
    clearTimeout(this.#idle);
  }

  #abortAfter(limit: number): NodeJS.Timeout {
    return setTimeout(() => {
      const what = [...this.#underWay.values()].join(' › ') || 'what its tests left open';
      this.#hangs.abort(new Error(`${what}: not done after ${limit / 1000} s`));
    }, limit);
  }
}
