import { KindError } from '../../pkg/errors/kind-error.ts';
import { isSystemError } from '../../pkg/sys/system-error.ts';
import { host } from '../host/host.ts';
import { forgetContainer } from './forget-container.ts';
import { lastError } from './last-error.ts';
import { readTail } from './read-tail.ts';
import type { ProgramOptions, ProgramRunner } from './program-runner.ts';
import { releaseInit } from './release-init.ts';
import { RuntimeFailure } from './runtime-failure.ts';

/** Which runtime, and how it is called. */
export interface RuncSettings {
  /** A path or a name; empty for `runc`. */
  readonly binary: string;
  /** The runtime's state directory. */
  readonly root: string;
  /** The file for its log. */
  readonly log: string;
  readonly systemdCgroup: boolean;
}

/** Streams of a process that is made: descriptors, or the socket that its terminal is sent to. */
export interface RuncStreams {
  readonly childFds: readonly [stdin: number, stdout: number, stderr: number];
  readonly consoleSocket?: string | undefined;
}

/** Of a first process. */
export interface CreateSettings {
  readonly bundle: string;
  readonly pidFile: string;
  readonly noPivot: boolean;
  readonly noNewKeyring: boolean;
}

/** Of a further process. */
export interface ExecSettings {
  /** The file with the process as the OCI runtime specification has it. */
  readonly process: string;
  readonly pidFile: string;
}

/** Of a checkpoint that is made or restored. */
export interface CheckpointSettings {
  readonly imagePath: string;
  readonly workPath: string;
  readonly parentPath?: string;
  readonly openTcp?: boolean;
  readonly externalUnixSockets?: boolean;
  readonly terminal?: boolean;
  readonly fileLocks?: boolean;
  readonly emptyNamespaces?: readonly string[];
}

/** The log is of warnings and errors; one that is longer than this tells its end. Bytes. */
const maxLog = 64 << 10;
/** Characters of a failed run's output that its error repeats. */
const maxShown = 4096;

/**
 * Drives an OCI runtime with runc's command line: runc, crun. Each call is one run of the program; whoever makes two at once for one
 * container gets what the runtime makes of that.
 *
 * Failures are {@link RuntimeFailure}s, or the SystemError of the start; {@link told} turns them into what clients know.
 *
 * @example
 * const runc = new Runc({ binary: '', root: '/run/containerd/runc/default', log: `${bundle}/log.json`, systemdCgroup: false }, reaper);
 * await runc.create('c1', settings, streams);
 * await runc.start('c1', true, () => !ended);
 */
export class Runc {
  readonly #settings: RuncSettings;
  readonly #runner: ProgramRunner;
  readonly #program: string;

  constructor(settings: RuncSettings, runner: ProgramRunner) {
    this.#settings = settings;
    this.#runner = runner;
    this.#program = settings.binary === '' ? 'runc' : settings.binary;
  }

  /** Whether it may have something of a container: a runtime that we know has a directory for each. */
  mayKnow(id: string): boolean {
    if (!this.isPlain) return true;
    try {
      host.status(`${this.#settings.root}/${id}`);
      return true;
    } catch (error) {
      if (isSystemError(error, 'ENOENT')) return false;
      throw error;
    }
  }

  /** Whether it is known to send signals by nothing but kill(2); others may have their processes elsewhere, or wrap another runtime. */
  get isPlain(): boolean {
    return this.#name === 'runc' || this.#name === 'crun';
  }

  get #name(): string {
    return this.#program.slice(this.#program.lastIndexOf('/') + 1);
  }

  async create(id: string, settings: CreateSettings, streams: RuncStreams, signal?: AbortSignal): Promise<void> {
    const args = ['create', '--bundle', settings.bundle, '--pid-file', settings.pidFile];
    if (streams.consoleSocket !== undefined) args.push('--console-socket', streams.consoleSocket);
    if (settings.noPivot) args.push('--no-pivot');
    if (settings.noNewKeyring) args.push('--no-new-keyring');
    await this.#run([...args, id], { fds: descriptorsOf(streams), signal });
  }

  /**
   * @param quickly runc's own work without its program, where that can be: not for a container with hooks that it would run now
   * @param waits whether the process that is to begin is still there
   */
  async start(id: string, quickly: boolean, waits: () => boolean): Promise<void> {
    if (quickly && this.#name === 'runc' && (await releaseInit(`${this.#settings.root}/${id}`, waits))) return;
    await this.#run(['start', id]);
  }

  async exec(id: string, settings: ExecSettings, streams: RuncStreams, signal?: AbortSignal): Promise<void> {
    const args = ['exec', '--process', settings.process];
    if (streams.consoleSocket !== undefined) args.push('--console-socket', streams.consoleSocket);
    args.push('--detach', '--pid-file', settings.pidFile);
    await this.#run([...args, id], { fds: descriptorsOf(streams), signal });
  }

  /** @param all every process of the container instead of the first */
  async kill(id: string, signal: number, all: boolean, abort?: AbortSignal): Promise<void> {
    await this.#run(['kill', ...(all ? ['--all'] : []), id, String(signal)], { signal: abort });
  }

  async pause(id: string): Promise<void> {
    await this.#run(['pause', id]);
  }

  async resume(id: string): Promise<void> {
    await this.#run(['resume', id]);
  }

  /** @param file with the resources as the OCI runtime specification has them */
  async update(id: string, file: string): Promise<void> {
    await this.#run(['update', '--resources', file, id]);
  }

  /** How the container stands, in the words of the OCI runtime specification: `created`, `running`, `paused`, `stopped`. */
  async state(id: string): Promise<string> {
    const told = JSON.parse(await this.#run(['state', id])) as { readonly status?: unknown };
    return typeof told.status === 'string' ? told.status : '';
  }

  /** The pids of all processes of the container, as we see them. */
  async ps(id: string): Promise<number[]> {
    const output = await this.#run(['ps', '--format', 'json', id]);
    const pids: unknown = output.trim() === '' ? [] : JSON.parse(output);
    // Go prints an empty list as null.
    return Array.isArray(pids) ? pids.filter((pid) => typeof pid === 'number') : [];
  }

  /**
   * @param force kills what runs first
   * @param quickly runc's own work without its program, where that can be: of a container that has ended, with all its processes, and has no
   * hooks that it would run now
   */
  async delete(id: string, force = false, quickly = false): Promise<void> {
    const { root, systemdCgroup } = this.#settings;
    if (quickly && !systemdCgroup && this.#name === 'runc' && forgetContainer(`${root}/${id}`)) return;
    await this.#run(['delete', ...(force ? ['--force'] : []), id]);
  }

  /** @param leaveRunning the container goes on afterwards */
  async checkpoint(id: string, settings: CheckpointSettings, leaveRunning: boolean): Promise<void> {
    const args = ['checkpoint', ...checkpointArgs(settings), ...(leaveRunning ? ['--leave-running'] : [])];
    await this.#run([...args, id]);
  }

  /** Makes a container, running, from a checkpoint. */
  async restore(id: string, create: CreateSettings, from: CheckpointSettings, streams: RuncStreams): Promise<void> {
    const args = ['restore', ...checkpointArgs(from), '--detach', '--pid-file', create.pidFile];
    if (streams.consoleSocket !== undefined) args.push('--console-socket', streams.consoleSocket);
    if (create.noPivot) args.push('--no-pivot');
    args.push('--no-subreaper', '--bundle', create.bundle);
    await this.#run([...args, id], { fds: descriptorsOf(streams) });
  }

  /** What a failure is to a client: what was tried, and the last line of the runtime's log behind it. Other errors stay as they are. */
  told(error: unknown, what: string): Error {
    if (!(error instanceof Error)) return new KindError('unknown', `${what}: ${String(error)}`);
    if (error instanceof KindError && error.kind !== 'unknown') return error;
    return new KindError('unknown', `${what}: ${this.#reason(error)}`, { cause: error });
  }

  #reason(error: Error): string {
    const { log } = this.#settings;
    try {
      const line = lastError(host.decodeUtf8(readTail(log, maxLog)));
      return line === '' ? error.message : line;
    } catch (unread) {
      const why = isSystemError(unread, 'ENOENT') ? `open ${log}: no such file or directory` : String(unread);
      return `unable to retrieve OCI runtime error (${why}): ${error.message}`;
    }
  }

  /** @returns what it printed, when that is collected. @throws RuntimeFailure when it fails. */
  async #run(args: readonly string[], options?: ProgramOptions): Promise<string> {
    const { root, log, systemdCgroup } = this.#settings;
    const own = ['--root', root, '--log', log, '--log-format', 'json', ...(systemdCgroup ? ['--systemd-cgroup'] : [])];
    const { status, output } = await this.#runner.run(this.#program, [...own, ...args], options);
    const text = host.decodeUtf8(output);
    if (status !== 0) throw new RuntimeFailure(this.#program, status, text.slice(0, maxShown));
    return text;
  }
}

/** With a terminal the runtime's own streams are nobody's, and are collected. */
function descriptorsOf({ childFds, consoleSocket }: RuncStreams): ProgramOptions['fds'] {
  return consoleSocket === undefined ? childFds : undefined;
}

function checkpointArgs(settings: CheckpointSettings): string[] {
  const args: string[] = [];
  if (settings.imagePath !== '') args.push('--image-path', settings.imagePath);
  if (settings.workPath !== '') args.push('--work-path', settings.workPath);
  if (settings.parentPath) args.push('--parent-path', settings.parentPath);
  if (settings.openTcp) args.push('--tcp-established');
  if (settings.externalUnixSockets) args.push('--ext-unix-sk');
  if (settings.terminal) args.push('--shell-job');
  if (settings.fileLocks) args.push('--file-locks');
  for (const namespace of settings.emptyNamespaces ?? []) args.push('--empty-ns', namespace);
  return args;
}
