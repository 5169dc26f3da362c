import { constants, mkdirSync, openSync, readdirSync } from 'node:fs';
import { Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { BootstrapParams } from '../../api/gen/containerd/runtime/bootstrap/v1/bootstrap.ts';
import { Any } from '../../api/gen/google/protobuf/any.ts';
import { makeFifo } from '../../pkg/sys/make-fifo.ts';
import { parseBootstrapReply } from '../../services/tasks/bootstrap-reply.ts';
import { busyboxRootfs } from './busybox-rootfs.ts';
import { leftovers, sweep, type Traces } from './leftovers.ts';
import { peers } from './peers.ts';
import { makeBundle, type ShimBundle, type SpecOptions } from './shim-bundle.ts';
import { ShimClient } from './shim-client.ts';
import { callShim, type ShimAnswer } from './shim-command-line.ts';
import { ShimEvents } from './shim-events.ts';
import { TemporaryDirectory } from './temporary-directory.ts';
import { uniqueName } from './unique-name.ts';

/** A shim's binary, and how it wants to be started. */
export interface ShimProgram {
  readonly binary: string;
  /** Whether `start` reads BootstrapParams, as since containerd 2.3; else the options alone. */
  readonly bootstrapParams: boolean;
}

/** How a lab is set up. */
export interface ShimLabOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Directories that come first in PATH. */
  readonly path?: readonly string[];
}

/**
 * A daemon's place without a daemon: bundles, the socket for events, a directory, a namespace that nobody else uses. Shims are started and
 * spoken to from here. Disposing fails if anything of it is left on the machine, and removes it. Root is needed.
 *
 * @example
 * await using lab = await ShimLab.open(shim);
 * const bundle = lab.bundle({ args: ['/bin/true'] });
 * using client = await lab.start(bundle);
 * await client.task.create(…);
 */
export class ShimLab implements AsyncDisposable {
  readonly program: ShimProgram;
  readonly directory: string;
  /** What shims are told of the daemon; nobody listens there. */
  readonly address: string;
  readonly namespace: string;
  /** A root filesystem with busybox, shared by all bundles. */
  readonly rootfs: string;
  readonly events: ShimEvents;
  readonly env: Readonly<Record<string, string>>;
  readonly #temporary: TemporaryDirectory;
  readonly #ids = new Set<string>();
  readonly #logs: Socket[] = [];
  static readonly #open = new Set<ShimLab>();
  #log = '';
  #disposed: Promise<void> | undefined;

  static async open(program: ShimProgram, options: ShimLabOptions = {}): Promise<ShimLab> {
    const temporary = new TemporaryDirectory();
    const events = await ShimEvents.listen(join(temporary.path, 'd.sock.ttrpc'));
    return new ShimLab(program, temporary, events, options);
  }

  private constructor(
    program: ShimProgram,
    temporary: TemporaryDirectory,
    events: ShimEvents,
    { env = {}, path = [] }: ShimLabOptions,
  ) {
    ShimLab.#open.add(this);
    this.program = program;
    this.#temporary = temporary;
    this.directory = temporary.path;
    this.address = join(this.directory, 'd.sock');
    this.namespace = uniqueName('lab');
    this.rootfs = busyboxRootfs(this.directory);
    this.events = events;
    for (const name of ['bundles', 'fifo', 'tmp']) mkdirSync(join(this.directory, name));
    this.env = {
      PATH: [...path, dirname(peers.runc()), process.env['PATH'] ?? ''].join(':'),
      GOMAXPROCS: '2',
      MAX_SHIM_VERSION: '2',
      TTRPC_ADDRESS: events.path,
      GRPC_ADDRESS: this.address,
      NAMESPACE: this.namespace,
      // So that sockets and files that are left there are seen.
      TMPDIR: join(this.directory, 'tmp'),
      ...env,
    };
  }

  /** Kills whatever runs in the labs that are open, so that nobody waits for it any more; leaves them to be disposed. */
  static async abandonAll(): Promise<void> {
    await Promise.allSettled([...ShimLab.#open].map((lab) => lab[Symbol.asyncDispose]()));
  }

  /** What shims wrote to the FIFO that is meant for their log. */
  get log(): string {
    return this.#log;
  }

  /** Makes a bundle under an id that nobody else has, with the FIFO for the shim's log. */
  bundle(spec: SpecOptions = {}, id: string = uniqueName('c')): ShimBundle {
    this.track(id);
    const bundle = makeBundle(join(this.directory, 'bundles'), this.namespace, id, spec);
    const log = join(bundle.path, 'log');
    makeFifo(log, 0o700);
    const socket = new Socket({ fd: openSync(log, constants.O_RDWR | constants.O_NONBLOCK), writable: false });
    socket.setEncoding('utf8').on('data', (text: string) => (this.#log += text));
    socket.unref();
    this.#logs.push(socket);
    return bundle;
  }

  /** Makes a FIFO of the lab's own. */
  fifo(name: string): string {
    const path = join(this.directory, 'fifo', name);
    makeFifo(path, 0o600);
    return path;
  }

  /** Names an id, or the name of a group, so that what is left of it is found. */
  track(id: string): void {
    this.#ids.add(id);
  }

  /** Runs a command of the binary as a daemon does; `delete` is told the bundle. */
  async call(bundle: ShimBundle, command: 'start' | 'delete', input?: Uint8Array, stray?: number): Promise<ShimAnswer> {
    const where = command === 'delete' ? ['-bundle', bundle.path] : [];
    const common = ['-namespace', this.namespace, '-address', this.address, '-publish-binary', peers.gantry()];
    return callShim(this.program.binary, {
      args: [...common, '-id', bundle.id, ...where, command],
      cwd: bundle.path,
      env: this.env,
      ...(input === undefined ? {} : { input }),
      ...(stray === undefined ? {} : { stray }),
    });
  }

  /** What a daemon of 2.3 gives to `start`. */
  bootstrapParams(bundle: ShimBundle, options?: Any): Uint8Array {
    return BootstrapParams.encode(
      BootstrapParams.fromPartial({
        instanceId: bundle.id,
        namespace: this.namespace,
        containerdVersion: '2.3.4',
        containerdTtrpcAddress: this.events.path,
        containerdGrpcAddress: this.address,
        containerdBinary: peers.gantry(),
        extensions: options ? [{ value: options }] : [],
      }),
    ).finish();
  }

  /** Starts a shim, or finds the one of the bundle's group, and connects. @throws Error with its output when it fails. */
  async start(bundle: ShimBundle, options?: Any): Promise<ShimClient> {
    const bare = options === undefined ? new Uint8Array() : Any.encode(options).finish();
    const input = this.program.bootstrapParams ? this.bootstrapParams(bundle, options) : bare;
    const answer = await this.call(bundle, 'start', input);
    if (answer.code !== 0) throw new Error(`start ended with ${String(answer.code)}: ${answer.stderr}`);
    return ShimClient.dial(parseBootstrapReply(answer.stdout), this.namespace);
  }

  /** What bears the lab's names on the machine now, one line each. */
  leftovers(): string[] {
    const files = readdirSync(join(this.directory, 'tmp'), { recursive: true });
    return [...leftovers(this.#traces()), ...files.map((name) => `temporary file ${String(name)}`)];
  }

  /** @throws Error that lists what was left; all of it is removed all the same. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#disposed ??= this.#dispose();
    return this.#disposed;
  }

  async #dispose(): Promise<void> {
    ShimLab.#open.delete(this);
    const left = this.leftovers();
    await sweep(this.#traces());
    for (const socket of this.#logs) socket.destroy();
    await this.events[Symbol.asyncDispose]();
    this.#temporary[Symbol.dispose]();
    if (left.length > 0) throw new Error(`left behind:\n  ${left.join('\n  ')}\nthe shim logged:\n${this.#log}`);
  }

  #traces(): Traces {
    return { directory: this.directory, address: this.address, namespaces: [this.namespace], ids: this.#ids };
  }
}
