import { KindError } from '../../pkg/errors/kind-error.ts';
import { isSystemError } from '../../pkg/sys/system-error.ts';
import { host } from '../host/host.ts';
import { watchFor } from '../host/watch-for.ts';
import type { StdioRequest } from './process-stdio.ts';
import { OwnedFd } from './owned-fd.ts';
import { settledWithin } from './settled-within.ts';
import type { StdioTarget } from './stdio-target.ts';

/** How long a logger may take to say that it is ready. Milliseconds. */
const readyLimit = 30_000;
/** After the end of what it reads, until it is asked to end, and from then on until it is killed. Milliseconds. */
const flushLimit = 2_000;
const terminationLimit = 10_000;
const sigterm = 15;
const sigkill = 9;

/** Its reading ends, which are blocking ones. */
export interface LoggerInputs {
  readonly stdout: number;
  readonly stderr: number;
}

/**
 * A program that reads a process's output: descriptor 3 is stdout, 4 stderr, and 5 is how it says that it is ready. It is told whose output it reads by
 * CONTAINER_ID and CONTAINER_NAMESPACE, and has no other environment, as with containerd's shim.
 *
 * It ends by itself at the end of its input. `end` waits for that, not for ever.
 */
export class LoggerProcess {
  readonly pid: number;
  /** Fulfilled when it has ended, for whatever reason. */
  readonly ended: Promise<void>;
  readonly #process: OwnedFd;
  #alive = true;

  private constructor(pid: number) {
    this.pid = pid;
    this.#process = new OwnedFd(host.openProcess(pid));
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    const watch = host.watch(this.#process.number, watchFor.reading, () => {
      host.endWatch(watch);
      this.#alive = false;
      this.#process[Symbol.dispose]();
      resolve();
    });
  }

  /**
   * Starts it, and waits until it is ready.
   * @throws KindError `unknown` with the words of containerd's shim when it cannot be started, or ended before; `deadline-exceeded`.
   */
  static async start(
    target: Extract<StdioTarget, { kind: 'logger' }>,
    { containerId, namespace }: StdioRequest,
    inputs: LoggerInputs,
  ): Promise<LoggerProcess> {
    const [ours, theirs] = host.containerPipe(true, 0, 0);
    using ready = new OwnedFd(ours);
    let logger: LoggerProcess;
    try {
      const environment = [`CONTAINER_ID=${containerId}`, `CONTAINER_NAMESPACE=${namespace}`];
      const fds = [0, -1, 1, -1, 2, -1, 3, inputs.stdout, 4, inputs.stderr, 5, theirs];
      logger = new LoggerProcess(host.spawn(target.path, [target.path, ...target.args], environment, null, fds, false));
    } catch (error) {
      const why = isSystemError(error) ? error.message : String(error);
      throw new KindError('unknown', `failed to start binary process ${target.path}: ${why}`, { cause: error });
    } finally {
      host.close(theirs);
    }
    const said = await firstByte(ready.number);
    if (said === 'byte' || (said === 'closed' && !target.strict)) return logger;
    logger.#signal(sigkill);
    if (said === 'late') {
      throw new KindError(
        'deadline-exceeded',
        `logging binary ${target.path} was not ready within ${readyLimit / 1000} s: it has to close descriptor 5`,
      );
    }
    throw new KindError(
      'unknown',
      `logging binary ${target.path} did not call ready (it may have crashed or exited prematurely)`,
    );
  }

  /** One that a shim which died has started. @throws SystemError `ESRCH` when it has ended. */
  static resume(pid: number): LoggerProcess {
    return new LoggerProcess(pid);
  }

  /** Its input has ended. Settles when it has too, of its own will or not. */
  async end(): Promise<void> {
    if (await settledWithin(this.ended, flushLimit)) return;
    this.#signal(sigterm);
    if (await settledWithin(this.ended, terminationLimit)) return;
    this.#signal(sigkill);
    await this.ended;
  }

  /** The process was never made: there is nothing to be read. */
  kill(): void {
    this.#signal(sigkill);
  }

  #signal(signal: number): void {
    if (!this.#alive) return;
    try {
      host.signalProcess(this.#process.number, signal);
    } catch (error) {
      if (!isSystemError(error, 'ESRCH')) throw error;
    }
  }
}

async function firstByte(fd: number): Promise<'byte' | 'closed' | 'late'> {
  const { promise, resolve } = Promise.withResolvers<'byte' | 'closed' | 'late'>();
  const watch = host.watch(fd, watchFor.reading, () => {
    const bytes = host.read(fd, 1);
    if (bytes !== null) resolve(bytes.length > 0 ? 'byte' : 'closed');
  });
  const timer = setTimeout(() => resolve('late'), readyLimit);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    host.endWatch(watch);
  }
}
