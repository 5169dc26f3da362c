import { host } from '../host/host.ts';

/** A descriptor that is closed once; a negative one is none. */
export class OwnedFd implements Disposable {
  readonly number: number;
  #open: boolean;

  constructor(number: number) {
    this.number = number;
    this.#open = number >= 0;
  }

  get isOpen(): boolean {
    return this.#open;
  }

  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    host.close(this.number);
  }
}
