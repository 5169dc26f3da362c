import { writeFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import type { Logger } from '../pkg/log/logger.ts';
import { unblockSignal } from '../pkg/sys/unblock-signal.ts';

/**
 * The signals of the daemon. Handlers are set at construction, before any socket is there: dockerd sends SIGUSR1, whose default would end
 * the daemon.
 *
 * SIGTERM and SIGINT stop it, a second one at once. SIGUSR1 writes a report. SIGHUP is logged and ignored: a terminal that closes takes
 * nothing down. SIGPIPE is ignored by Node.
 */
export class Signals {
  /** The name of the first signal to stop. */
  readonly stop: Promise<string>;
  #log: Logger | undefined;
  #state = '';
  #describe: () => object = () => ({});

  constructor() {
    const { promise, resolve } = Promise.withResolvers<string>();
    this.stop = promise;
    let stopping = false;
    const onStop = (signal: NodeJS.Signals): void => {
      // 128 and the signal's number, as a shell shows it.
      if (stopping) process.exit(signal === 'SIGINT' ? 130 : 143);
      stopping = true;
      resolve(signal);
    };
    process.on('SIGTERM', onStop);
    process.on('SIGINT', onStop);
    process.on('SIGUSR1', () => void this.#writeReport());
    unblockSignal(constants.signals.SIGUSR1);
    process.on('SIGHUP', () => this.#log?.info('ignoring signal', { signal: 'SIGHUP' }));
  }

  /** Where reports go from now on. */
  report(log: Logger, state: string): void {
    this.#log = log;
    this.#state = state;
  }

  /** What a report tells from now on, beside what Node tells of the process. */
  describe(describe: () => object): void {
    this.#describe = describe;
  }

  async #writeReport(): Promise<void> {
    const log = this.#log;
    if (!log) return;
    // It would ask name servers for every peer, and wait for them.
    Object.assign(process.report, { excludeNetwork: true });
    const report = process.report.getReport();
    const file = join(this.#state, `gantry.${process.pid}.report.json`);
    const described = this.#describe();
    log.info('report', { file, ...inJson(described) });
    try {
      // Only root may write there, so nobody can have put a link in our way.
      await writeFile(file, JSON.stringify({ gantry: described, ...report }, undefined, 2), { mode: 0o600 });
    } catch (error) {
      log.warn('cannot write the report', { file, error });
    }
  }
}

/** Lines of the log hold text and numbers. */
function inJson(fields: object): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, JSON.stringify(value)]));
}
