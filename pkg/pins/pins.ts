/** Names of things that are in use though no record names them yet: counted, so that a cleanup leaves them. */
export class Pins {
  readonly #counts = new Map<string, number>();

  /** Disposing (idempotent) takes the pin back. */
  pin(name: string): Disposable {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    let held = true;
    return {
      [Symbol.dispose]: (): void => {
        if (!held) return;
        held = false;
        const left = (this.#counts.get(name) ?? 1) - 1;
        if (left > 0) this.#counts.set(name, left);
        else this.#counts.delete(name);
      },
    };
  }

  has(name: string): boolean {
    return this.#counts.has(name);
  }
}
