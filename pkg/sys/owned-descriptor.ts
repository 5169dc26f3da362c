import { native } from './native.ts';

/** A descriptor that is closed once, by whoever comes first. */
export class OwnedDescriptor implements Disposable {
  readonly fd: number;
  #open = true;

  constructor(fd: number) {
    this.fd = fd;
  }

  [Symbol.dispose](): void {
    if (this.#open) native.close(this.fd);
    this.#open = false;
  }
}
