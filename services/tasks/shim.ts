import type { Bundle } from './bundle.ts';
import type { ShimAddress } from './shim-address.ts';
import type { ShimLog } from './shim-log.ts';
import type { TaskClient } from './task-client.ts';

/** What a {@link Shim} is made of. */
export interface ShimParts {
  readonly bundle: Bundle;
  readonly address: ShimAddress;
  readonly client: TaskClient;
  readonly log: ShimLog;
  readonly sandbox?: string | undefined;
}

/** A shim that we are connected to, for one bundle: tasks of a group have a connection each to the one shim that they share. */
export class Shim implements Disposable {
  readonly bundle: Bundle;
  readonly address: ShimAddress;
  readonly client: TaskClient;
  /** The sandbox that the shim belongs to; it lives as long as that, and not as the tasks in it. */
  readonly sandbox: string | undefined;
  readonly #log: ShimLog;

  constructor(parts: ShimParts) {
    this.bundle = parts.bundle;
    this.address = parts.address;
    this.client = parts.client;
    this.sandbox = parts.sandbox;
    this.#log = parts.log;
  }

  /** Lets go of the shim, which runs on; idempotent. */
  [Symbol.dispose](): void {
    this.client.close();
    this.#log[Symbol.dispose]();
  }
}
