import { lstat, rm } from 'node:fs/promises';
import type { DeleteResponse } from '../../api/gen/containerd/task/v3/task.ts';
import type { RuntimeInfo } from '../../api/gen/containerd/types/types.ts';
import type { Any } from '../../api/gen/google/protobuf/any.ts';
import { allOf } from '../../pkg/concurrency/all-of.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import type { Logger } from '../../pkg/log/logger.ts';
import { isSystemError } from '../../pkg/sys/system-error.ts';
import type { Bundle } from './bundle.ts';
import { Deadline } from './deadline.ts';
import { dialShim } from './dial-shim.ts';
import { removeCgroup } from './remove-cgroup.ts';
import { computedSocket, socketPathOf, type ShimAddress } from './shim-address.ts';
import { findShimBinary } from './shim-binary.ts';
import { ShimCommand, shimInfo, type InheritedFd, type ShimEnvironment } from './shim-command.ts';
import { ShimLog } from './shim-log.ts';
import { killProcessesIn, killShimIn } from './shim-processes.ts';
import { Shim } from './shim.ts';
import { TaskClient } from './task-client.ts';
import type { TaskTimeouts } from './task-timeouts.ts';
import { untilAborted } from './until-aborted.ts';

/** How to take away a shim. */
export interface RemoveOptions {
  /** Kill what works in the bundle first: `shim` alone, or `everything`; nothing when the shim is known to be gone or serves others. */
  readonly kill?: 'shim' | 'everything';
  /** The shim may run without having told where. */
  readonly unnamed?: boolean;
  /** Where it was reached, if it ever told. */
  readonly address?: ShimAddress | undefined;
}

/**
 * Starts shims, finds them again and takes away what they leave. Knows nothing of tasks: what serves sandboxes uses it
 * as well.
 */
export class ShimManager {
  readonly #environment: ShimEnvironment;
  readonly #timeouts: TaskTimeouts;
  readonly #log: Logger;

  constructor(environment: ShimEnvironment, timeouts: TaskTimeouts, log: Logger) {
    this.#environment = environment;
    this.#timeouts = timeouts;
    this.#log = log;
  }

  /**
   * The executable that serves a runtime: a name or an absolute path.
   * @throws KindError `not-found` when it is not installed, `invalid-argument` for a bad name.
   */
  find(runtime: string): string {
    const { executable, runcShim } = this.#environment;
    return findShimBinary(runtime, { path: process.env['PATH'] ?? '', executable, runcShim });
  }

  /** What a runtime tells of itself. */
  async info(runtime: string, options: Any | undefined, signal?: AbortSignal): Promise<RuntimeInfo> {
    const binary = this.find(runtime);
    using deadline = new Deadline(this.#timeouts.start, `shim ${binary} -info`, signal);
    return await shimInfo(binary, options, this.#environment, deadline.signal);
  }

  /**
   * Starts a shim for a bundle, connects, and keeps in the bundle how it is reached. When it throws, processes may be left:
   * {@link remove} takes them away.
   *
   * @throws KindError with what the shim printed; the signal's reason when that is aborted.
   */
  async start(bundle: Bundle, binary: string, options: Any | undefined, signal?: AbortSignal): Promise<Shim> {
    const command = new ShimCommand(binary, bundle, this.#environment);
    using deadline = new Deadline(this.#timeouts.start, `start of shim ${binary} for "${bundle.id}"`, signal);
    const log = new ShimLog(bundle.path, this.#logOf(bundle));
    try {
      const address = await command.start(options, deadline.signal);
      const client = await this.#connectAndKeep(bundle, address, deadline.signal);
      const shim = new Shim({ bundle, address, client, log });
      return shim;
    } catch (error) {
      log[Symbol.dispose]();
      throw error;
    }
  }

  /**
   * Connects to the shim of a sandbox for one of its tasks, and keeps in the task's bundle how it is reached.
   * @throws KindError `unavailable` when nobody answers there; the signal's reason.
   */
  async join(bundle: Bundle, sandbox: string, address: ShimAddress, signal?: AbortSignal): Promise<Shim> {
    using deadline = new Deadline(this.#timeouts.load, `connecting to sandbox "${sandbox}"`, signal);
    await bundle.writeSandbox(sandbox);
    await bundle.writeAddress(address);
    return await this.attach(bundle, deadline.signal);
  }

  /**
   * Connects to the shim of a bundle that an earlier daemon made.
   * @throws KindError `not-found` when the bundle does not tell how, `unavailable` when nobody answers there.
   */
  async attach(bundle: Bundle, signal: AbortSignal): Promise<Shim> {
    const address = await bundle.readAddress();
    if (!address) throw new KindError('not-found', `address of the shim in ${bundle.path}`);
    const sandbox = await bundle.readSandbox();
    const client = await this.#connect(bundle, address, signal);
    try {
      const log = new ShimLog(bundle.path, this.#logOf(bundle));
      return new Shim({ bundle, address, client, log, sandbox });
    } catch (error) {
      client.close();
      throw error;
    }
  }

  /**
   * Starts a shim in the place of one that has died, and connects to nothing yet.
   * @param bundle one of those that it takes over: its directory, and its binary
   * @param takeOver makes the input, given the directory of sockets
   * @throws KindError as {@link start}.
   */
  async startSuccessor(
    bundle: Bundle,
    takeOver: (socketDirectory: string) => { readonly input: string; readonly fds: readonly InheritedFd[] },
    signal: AbortSignal,
  ): Promise<ShimAddress> {
    const command = await this.#commandOf(bundle);
    const { input, fds } = takeOver(this.#environment.socketDirectory);
    return await command.takeOver(input, fds, signal);
  }

  /**
   * Takes away a shim that is dead, or shall be: processes, then by the binary's `delete` the container, at last socket,
   * mounts and bundle. Idempotent; each step is tried whatever became of those before, and failures are logged.
   *
   * @returns how the container ended, as far as the binary could tell.
   */
  async remove(bundle: Bundle, options: RemoveOptions): Promise<DeleteResponse | undefined> {
    if (options.kill) await this.#step(bundle, 'kill', () => this.#kill(bundle, options.kill === 'everything'));
    if (options.unnamed) await this.#step(bundle, 'shutdown', () => this.#shutdownUnnamed(bundle));
    const response = await this.#step(bundle, 'delete', () => this.#delete(bundle));
    await this.#step(bundle, 'remove cgroup', () => this.#removeCgroup(bundle));
    await this.#step(bundle, 'remove socket', () =>
      this.#removeSockets(bundle, options.address, options.kill !== undefined),
    );
    await this.#step(bundle, 'remove bundle', () => bundle.remove());
    return response;
  }

  /** Whether somebody listens where a shim was reached: true as well where that cannot be told. */
  async isServing({ address }: ShimAddress): Promise<boolean> {
    const path = socketPathOf(address);
    return path?.startsWith('/') === true && (await this.#isListenedOn(path).catch(() => true));
  }

  /** Ends a shim that lives on after its bundle has been removed. */
  async end({ bundle }: Shim): Promise<void> {
    if (bundle.removedAs === undefined) return;
    using deadline = new Deadline(this.#timeouts.cleanup, `end of the shim of "${bundle.id}"`);
    await killShimIn(bundle.removedAs, bundle.id, deadline.signal);
  }

  /** Removes the socket of a shim that has ended; nothing happens while somebody listens there. */
  async removeSocket({ address }: ShimAddress): Promise<void> {
    const path = socketPathOf(address);
    // Whose connection has ended may still be about to close its socket.
    if (path?.startsWith('/')) await this.#removeIfDead(path, true);
  }

  async #step<T>(bundle: Bundle, name: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      this.#log.warn(`cleaning up after shim: ${name} failed`, { id: bundle.id, namespace: bundle.namespace, error });
      return undefined;
    }
  }

  /**
   * Ends the shim of a bundle whose daemon was killed before the shim told where it is: looked for at the socket that it would have
   * chosen, in case it works elsewhere than in its bundle. A shim that serves a group stays for the group's other tasks.
   */
  async #shutdownUnnamed(bundle: Bundle): Promise<void> {
    const group = await bundle.readGroup();
    const { address, socketDirectory } = this.#environment;
    const path = computedSocket(socketDirectory, address, bundle.namespace, group);
    using deadline = new Deadline(this.#timeouts.shutdown, `shutdown of the shim at ${path}`);
    if (!(await this.#isListenedOn(path))) return;
    const unnamed = { version: 3, address: `unix://${path}`, protocol: 'ttrpc' };
    const client = await this.#connect(bundle, unnamed, deadline.signal);
    try {
      await client.call('shutdown', { id: bundle.id, now: group === bundle.id }, deadline.signal);
    } finally {
      client.close();
    }
  }

  async #kill(bundle: Bundle, everything: boolean): Promise<void> {
    using deadline = new Deadline(this.#timeouts.cleanup, `end of the processes of "${bundle.id}"`);
    await killProcessesIn(bundle.path, bundle.id, everything, deadline.signal);
  }

  async #delete(bundle: Bundle): Promise<DeleteResponse> {
    const command = await this.#commandOf(bundle);
    using deadline = new Deadline(this.#timeouts.cleanup, `shim ${command.binary} delete of "${bundle.id}"`);
    return await command.delete(deadline.signal);
  }

  async #commandOf(bundle: Bundle): Promise<ShimCommand> {
    const binary = await bundle.readShimBinary();
    if (binary === undefined) throw new KindError('not-found', `shim binary of ${bundle.path}`);
    return new ShimCommand(binary, bundle, this.#environment);
  }

  async #connect(bundle: Bundle, address: ShimAddress, signal: AbortSignal): Promise<TaskClient> {
    const channel = await dialShim(address, signal);
    const { namespace, id } = bundle;
    return new TaskClient(channel, { namespace, id, version: address.version, timeouts: this.#timeouts });
  }

  /** Connects, and meanwhile keeps in the bundle how the shim is reached. */
  async #connectAndKeep(bundle: Bundle, address: ShimAddress, signal: AbortSignal): Promise<TaskClient> {
    const connecting = this.#connect(bundle, address, signal);
    try {
      await allOf([connecting, bundle.writeAddress(address)]);
    } catch (error) {
      void connecting.then(
        (client) => client.close(),
        () => undefined,
      );
      throw error;
    }
    return await connecting;
  }

  async #removeCgroup(bundle: Bundle): Promise<void> {
    const path = await bundle.readCgroupsPath();
    if (path === undefined) return;
    using deadline = new Deadline(this.#timeouts.cleanup, `end of what is left in cgroup ${path}`);
    await removeCgroup(path, deadline.signal);
  }

  /** Sockets that nobody listens on any more. */
  async #removeSockets(bundle: Bundle, told: ShimAddress | undefined, dying: boolean): Promise<void> {
    const group = await bundle.readGroup();
    const { address, socketDirectory } = this.#environment;
    const paths = [
      told && socketPathOf(told.address),
      computedSocket(socketDirectory, address, bundle.namespace, group),
      // The second socket of a Go shim that was started to log at debug.
      computedSocket(socketDirectory, address, bundle.namespace, `${group}/debug`),
    ].filter((path) => path?.startsWith('/'));
    for (const path of new Set(paths)) if (path !== undefined) await this.#removeIfDead(path, dying);
  }

  async #removeIfDead(path: string, dying: boolean): Promise<void> {
    if (await this.#isListenedOn(path, dying)) return;
    await rm(path, { force: true });
  }

  /**
   * Whether there is a socket with somebody behind it; true as well for what is no socket, which is not ours to remove. One who is
   * `dying` is waited for: a process closes its descriptors one by one, and whom we knew by one may still hold the other.
   */
  async #isListenedOn(path: string, dying = false): Promise<boolean> {
    try {
      if (!(await lstat(path)).isSocket()) return true;
      using deadline = new Deadline(this.#timeouts.state, `connecting to ${path}`);
      const channel = await dialShim({ version: 2, address: `unix://${path}`, protocol: 'ttrpc' }, deadline.signal);
      if (dying) await untilAborted(channel.closed, deadline.signal).catch(() => undefined);
      const alive = !channel.isClosed;
      channel.close();
      return alive;
    } catch (error) {
      const cause = error instanceof KindError ? error.cause : error;
      if (isSystemError(cause, 'ENOENT', 'ECONNREFUSED', 'ECONNRESET')) return false;
      throw error;
    }
  }

  #logOf(bundle: Bundle): Logger {
    return this.#log.with({ id: bundle.id, namespace: bundle.namespace });
  }
}
