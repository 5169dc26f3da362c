import type { Logger } from '../../pkg/log/logger.ts';
import type { CollectedBackend, GoneRecord } from './collected-backend.ts';

/** Has one backend cleaned up when records of its own have gone, once at a time, so that a slow one holds up nobody but who waits for it. */
export class BackendCleaner {
  readonly #backend: CollectedBackend;
  readonly #log: Logger;
  #gone: GoneRecord[] = [];
  /** Whether more went than is told in `#gone`. */
  #unknown: boolean;
  #running: Promise<void> | undefined;

  /** @param missed whether records were deleted before */
  constructor(backend: CollectedBackend, log: Logger, missed: boolean) {
    this.#unknown = missed;
    this.#backend = backend;
    this.#log = log;
  }

  /** A record was deleted. */
  noteDeletion({ table, group, key }: GoneRecord): void {
    if (this.#backend.keeps(table, group)) this.#gone.push({ table, group, key });
  }

  /** Resolves when the files of all records that went before are gone, or could not be removed, which is logged and tried again next time. */
  async clean(): Promise<void> {
    while (this.#running) await this.#running;
    if (this.#gone.length === 0 && !this.#unknown) return;
    this.#running = this.#clean();
    await this.#running;
  }

  async #clean(): Promise<void> {
    const gone = this.#gone;
    const unknown = this.#unknown;
    this.#gone = [];
    this.#unknown = false;
    try {
      await this.#backend.cleanup(unknown ? undefined : gone);
    } catch (error) {
      this.#unknown ||= unknown;
      this.#gone = [...gone, ...this.#gone];
      this.#log.warn('garbage collection left files', { name: this.#backend.name, error });
    } finally {
      this.#running = undefined;
    }
  }
}
