import { BootstrapParams, LogLevel } from '../../api/gen/containerd/runtime/bootstrap/v1/bootstrap.ts';
import { DeleteResponse } from '../../api/gen/containerd/task/v3/task.ts';
import { RuntimeInfo } from '../../api/gen/containerd/types/types.ts';
import { Any } from '../../api/gen/google/protobuf/any.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import { spawnProcess, type ProcessExit, type SpawnedProcess } from '../../pkg/sys/spawn-process.ts';
import { isSystemError } from '../../pkg/sys/system-error.ts';
import { parseBootstrapReply } from './bootstrap-reply.ts';
import type { Bundle } from './bundle.ts';
import type { ShimAddress } from './shim-address.ts';

/** The daemon as shims are told of it. */
export interface ShimEnvironment {
  readonly address: string;
  readonly ttrpcAddress: string;
  /** What old shims call with `publish`. */
  readonly executable: string;
  readonly version: string;
  /** `NAME=value` each, on top of the daemon's own environment. */
  readonly env: readonly string[];
  /** The directory of shim sockets. */
  readonly socketDirectory: string;
  /** What serves `io.containerd.runc.v2`: a binary's name or an absolute path. */
  readonly runcShim: string;
  readonly debug: boolean;
}

/** A descriptor that a command inherits, and its number there. */
export interface InheritedFd {
  readonly child: number;
  readonly fd: number;
}

/** Replies are a few hundred bytes, failures a few lines. */
const maxOutput = 64 * 1024;
/** Characters of a failed command's output that its error repeats. */
const maxShown = 2048;

/** Shim binaries known to read the runtime options alone from `start`'s input, as before 2.3. */
const olderShims = new Set<string>();

/** The commands of one shim binary for one bundle. */
export class ShimCommand {
  readonly binary: string;
  readonly #bundle: Bundle;
  readonly #environment: ShimEnvironment;

  constructor(binary: string, bundle: Bundle, environment: ShimEnvironment) {
    this.binary = binary;
    this.#bundle = bundle;
    this.#environment = environment;
  }

  /**
   * Starts a shim, or finds the one that the task's group has.
   *
   * The input is BootstrapParams; a shim that fails on it is given the bare options, as shims before 2.3 read it, and
   * that is remembered for the binary.
   *
   * @throws KindError `unavailable` with the shim's output when it fails; `deadline-exceeded`; the signal's reason.
   */
  async start(options: Any | undefined, signal: AbortSignal): Promise<ShimAddress> {
    const bare = (): Promise<ShimAddress> =>
      this.#startWith(options ? Any.encode(options).finish() : new Uint8Array(), signal);
    if (olderShims.has(this.binary)) return bare();
    try {
      return await this.#startWith(this.#bootstrapParams(options), signal);
    } catch (first) {
      if (!(first instanceof KindError) || first.kind !== 'unavailable' || first instanceof KilledCommand) throw first;
      try {
        const address = await bare();
        olderShims.add(this.binary);
        return address;
      } catch (second) {
        throw bothFailures(first, second);
      }
    }
  }

  /**
   * Removes what a dead shim left: its container, mounts and socket.
   * @returns how the container ended.
   * @throws KindError as {@link start}.
   */
  async delete(signal: AbortSignal): Promise<DeleteResponse> {
    const args = ['-bundle', this.#bundle.path, ...this.#debug, 'delete'];
    const output = await this.#run(args, undefined, signal);
    try {
      return DeleteResponse.decode(output);
    } catch (error) {
      throw new KindError('unavailable', `shim ${this.binary} delete: its answer cannot be read`, { cause: error });
    }
  }

  /**
   * Starts a shim that takes over containers from one that has died.
   * @param takeover the JSON that it reads, in which `fds` are named by the numbers that it sees
   * @throws KindError as {@link start}.
   */
  async takeOver(takeover: string, fds: readonly InheritedFd[], signal: AbortSignal): Promise<ShimAddress> {
    const args = ['-bundle', this.#bundle.path, ...this.#debug, 'takeover'];
    const output = await this.#run(args, Buffer.from(takeover), signal, fds);
    return parseBootstrapReply(output);
  }

  get #debug(): string[] {
    return this.#environment.debug ? ['-debug'] : [];
  }

  async #startWith(input: Uint8Array, signal: AbortSignal): Promise<ShimAddress> {
    const output = await this.#run([...this.#debug, 'start'], input, signal);
    return parseBootstrapReply(output);
  }

  #bootstrapParams(options: Any | undefined): Uint8Array {
    const environment = this.#environment;
    return BootstrapParams.encode(
      BootstrapParams.fromPartial({
        instanceId: this.#bundle.id,
        namespace: this.#bundle.namespace,
        logLevel: environment.debug ? LogLevel.LOG_LEVEL_DEBUG : LogLevel.LOG_LEVEL_INFO,
        containerdVersion: environment.version,
        containerdTtrpcAddress: environment.ttrpcAddress,
        containerdGrpcAddress: environment.address,
        containerdBinary: environment.executable,
        extensions: options ? [{ value: options }] : [],
        socketDir: environment.socketDirectory,
      }),
    ).finish();
  }

  #run(
    args: readonly string[],
    stdin: Uint8Array | undefined,
    signal: AbortSignal,
    extraFds: readonly InheritedFd[] = [],
  ): Promise<Buffer> {
    const { address, executable } = this.#environment;
    const { namespace, id, path } = this.#bundle;
    const common = ['-namespace', namespace, '-address', address, '-publish-binary', executable, '-id', id];
    return runShimBinary({
      file: this.binary,
      args: [...common, ...args],
      env: shimEnv(this.#environment, namespace),
      cwd: path,
      stdin,
      extraFds,
      signal,
    });
  }
}

/**
 * Asks a shim binary about itself.
 * @throws KindError as {@link ShimCommand.start}.
 */
export async function shimInfo(
  binary: string,
  options: Any | undefined,
  environment: ShimEnvironment,
  signal: AbortSignal,
): Promise<RuntimeInfo> {
  const output = await runShimBinary({
    file: binary,
    args: ['-info'],
    env: shimEnv(environment, 'default'),
    cwd: '/',
    stdin: options ? Any.encode(options).finish() : undefined,
    signal,
  });
  try {
    return RuntimeInfo.decode(output);
  } catch (error) {
    throw new KindError('unavailable', `shim ${binary} -info: its answer cannot be read`, { cause: error });
  }
}

function shimEnv(environment: ShimEnvironment, namespace: string): Record<string, string> {
  // Ours are about how the daemon was started, and nobody else's business.
  const own = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !entry[0].startsWith('GANTRY_'),
  );
  const configured = environment.env.map((setting): [string, string] => {
    const cut = setting.indexOf('=');
    return cut < 0 ? [setting, ''] : [setting.slice(0, cut), setting.slice(cut + 1)];
  });
  return {
    ...Object.fromEntries(own),
    GOMAXPROCS: '2',
    // The version of the bootstrap protocol that shims of 1.x look at; it stayed 2 ever since.
    MAX_SHIM_VERSION: '2',
    TTRPC_ADDRESS: environment.ttrpcAddress,
    GRPC_ADDRESS: environment.address,
    NAMESPACE: namespace,
    ...Object.fromEntries(configured),
  };
}

interface Run {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Record<string, string>;
  readonly cwd: string;
  readonly stdin: Uint8Array | undefined;
  readonly extraFds?: readonly InheritedFd[];
  readonly signal: AbortSignal;
}

/** Runs to the end, in a process group of its own that is killed as a whole when `signal` is aborted. */
async function runShimBinary(run: Run): Promise<Buffer> {
  const { file, args, env, cwd, signal } = run;
  const name = `shim ${file} ${args.at(-1) ?? ''}`;
  signal.throwIfAborted();
  let child: SpawnedProcess;
  const overflow = new AbortController();
  let ended = false;
  const abort = (): void => {
    if (!ended) killGroup(child.pid);
  };
  try {
    const stdin = run.stdin ? { stdin: run.stdin } : {};
    child = spawnProcess({
      file,
      args,
      env,
      cwd,
      ...stdin,
      extraFds: run.extraFds ?? [],
      stdout: 'collect',
      stderr: 'collect',
      newProcessGroup: true,
      maxOutput,
      onOverflow: () => {
        overflow.abort();
        abort();
      },
    });
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new KindError('unavailable', `${name}: ${error.message}`, { cause: error });
  }
  signal.addEventListener('abort', abort, { once: true });
  let exit: ProcessExit;
  try {
    exit = await child.exited;
  } finally {
    ended = true;
    signal.removeEventListener('abort', abort);
  }
  signal.throwIfAborted();
  if (overflow.signal.aborted)
    throw new KindError('unavailable', `${name}: printed more than ${maxOutput / 1024} KiB, and was killed`);
  if (exit.code === 0) return exit.stdout;
  if (exit.code !== null) throw new KindError('unavailable', `${name}: ${shown(exit)}exit status ${exit.code}`);
  throw new KilledCommand('unavailable', `${name}: ${shown(exit)}killed by signal ${exit.signal}`);
}

/** The failure of a command that somebody killed: it says nothing about what the command makes of its input. */
class KilledCommand extends KindError {}

/** The child leads its group and is not reaped yet, so the number is its own. */
function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // ESRCH: everybody in the group has ended.
  }
}

function shown(exit: ProcessExit): string {
  const text = `${exit.stderr.toString('utf8')}${exit.stdout.toString('utf8')}`.trim().slice(0, maxShown);
  return text === '' ? '' : `${text}: `;
}

/** Which of the two speaks of the cause depends on the shim's age, which is unknown as long as it never started. */
function bothFailures(first: KindError, second: unknown): unknown {
  if (!(second instanceof KindError) || second.kind !== 'unavailable' || second.detail === first.detail) return second;
  return new KindError('unavailable', `${first.detail}; given the options alone: ${second.detail}`, { cause: first });
}
