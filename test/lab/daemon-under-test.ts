import { once } from 'node:events';
import {
  existsSync,
  type FSWatcher,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { Child, type Outcome } from './child.ts';
import { leftovers, sweep, type Traces } from './leftovers.ts';
import { type PeerVersion, peers } from './peers.ts';
import { pathGone } from './path-gone.ts';
import { processEnded } from './process-ended.ts';
import { TemporaryDirectory } from './temporary-directory.ts';
import { uniqueName } from './unique-name.ts';

/** How long what is going may take to be gone, in milliseconds. */
const patience = 10_000;

/** Which daemon a suite wants, and how it is configured. */
export interface DaemonOptions {
  /** Ours (as `make build` leaves it), or a real containerd. */
  readonly kind: 'gantry' | PeerVersion;
  /**
   * What serves `io.containerd.runc.v2`: that containerd's shim, which comes first in PATH, or ours, which stands there under that name and its own.
   * By default a containerd's own for a containerd; for a daemon of ours what it takes by itself, with 2.1.9's in PATH.
   */
  readonly shim?: PeerVersion | 'gantry';
  /** TOML that is appended to the configuration. */
  readonly config?: string;
  /** Plugins that shall not run, beside those that a test daemon never runs. */
  readonly disabled?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** `debug` by default, so that a failure shows all there is. */
  readonly logLevel?: 'debug' | 'info';
  /** A program with its first arguments that gets the daemon's command line as the rest, and executes it in its own place. */
  readonly launcher?: readonly string[];
}

// Those would serve the kubelet, or leave something outside the suite's directory (/opt/containerd, /var/run/nri).
const disabledPlugins = [
  'io.containerd.grpc.v1.cri',
  'io.containerd.cri.v1.images',
  'io.containerd.cri.v1.runtime',
  'io.containerd.nri.v1.nri',
  'io.containerd.internal.v1.opt',
];

/**
 * A daemon with root, state, sockets and configuration in a temporary directory of its own, and a containerd namespace that no other suite
 * uses. It can be killed and started again on the same directories. Disposing stops it, fails if anything of it is left on the machine,
 * and removes the directory. Root is needed.
 *
 * @example
 * await using daemon = await DaemonUnderTest.start({ kind: 'gantry' });
 * const ctr = new Ctr(daemon, '2.1.9');
 * await ctr.ok(['run', '--rm', image, 'c1', 'true']);
 */
export class DaemonUnderTest implements AsyncDisposable {
  readonly kind: DaemonOptions['kind'];
  readonly directory: string;
  readonly root: string;
  readonly state: string;
  readonly address: string;
  readonly ttrpcAddress: string;
  readonly configFile: string;
  /** What `Ctr` uses; shared by nobody. */
  readonly namespace: string;
  readonly logFile: string;
  readonly #temporary: TemporaryDirectory;
  readonly #options: DaemonOptions;
  readonly #ids = new Set<string>();
  readonly #namespaces: Set<string>;
  #child: Child | undefined;

  /** @throws Error with the daemon's log when it ends before its socket answers. */
  static async start(options: DaemonOptions): Promise<DaemonUnderTest> {
    const daemon = new DaemonUnderTest(options);
    try {
      await daemon.start();
    } catch (error) {
      await daemon[Symbol.asyncDispose]();
      throw error;
    }
    return daemon;
  }

  /** Lays out the directories and writes the configuration; `start` starts it. */
  constructor(options: DaemonOptions) {
    this.#temporary = new TemporaryDirectory();
    this.#options = options;
    this.kind = options.kind;
    this.directory = this.#temporary.path;
    this.root = join(this.directory, 'root');
    this.state = join(this.directory, 'state');
    this.address = join(this.directory, 'run', 'd.sock');
    this.ttrpcAddress = `${this.address}.ttrpc`;
    this.configFile = join(this.directory, 'config.toml');
    this.logFile = join(this.directory, 'daemon.log');
    this.namespace = uniqueName('lab');
    this.#namespaces = new Set([this.namespace]);
    mkdirSync(dirname(this.address));
    writeFileSync(this.logFile, '');
    writeFileSync(this.configFile, this.#configuration());
  }

  /** Adds TOML of configuration version 4, which it is then written in, in the place of what `config` gave. Before the start. */
  configure(toml: string): void {
    const text = (value: string): string => JSON.stringify(value);
    const config = this.#withShim(toml);
    const lines = [
      ...['version = 4', `root = ${text(this.root)}`, `state = ${text(this.state)}`],
      `disabled_plugins = [${disabledPlugins.map(text).join(', ')}]`,
      ...['[debug]', `level = ${text(this.#options.logLevel ?? 'debug')}`],
      config,
    ];
    for (const [id, address] of Object.entries({ grpc: this.address, ttrpc: this.ttrpcAddress })) {
      const section = `[plugins."io.containerd.server.v1.${id}"]`;
      const at = lines.findIndex((line) => line.includes(section));
      if (at >= 0) lines[at] = (lines[at] ?? '').replace(section, `${section}\n  address = ${text(address)}`);
      else lines.push(section, `  address = ${text(address)}`);
    }
    writeFileSync(this.configFile, `${lines.join('\n')}\n`);
  }

  /** Puts TOML at the beginning of the configuration, for keys of no table. Before the start. */
  prepend(toml: string): void {
    writeFileSync(this.configFile, `${toml}\n${readFileSync(this.configFile, 'utf8')}`);
  }

  /** Puts tables at the end of the configuration. Before the start. */
  append(toml: string): void {
    writeFileSync(this.configFile, `${readFileSync(this.configFile, 'utf8')}\n${toml}`);
  }

  /** The process id. @throws Error when it is not running. */
  get pid(): number {
    if (!this.#child) throw new Error('the daemon is not running');
    return this.#child.pid;
  }

  get running(): boolean {
    return this.#child !== undefined;
  }

  /** All the daemon logged, over all its starts. */
  get log(): string {
    return readFileSync(this.logFile, 'utf8');
  }

  /** The environment the daemon runs with, apart from what a test added. */
  get environment(): Record<string, string> {
    const shim = this.#options.shim ?? (this.kind === 'gantry' ? '2.1.9' : this.kind);
    const shims = shim === 'gantry' ? this.#ownShim() : dirname(peers.shim(shim));
    const path = [shims, dirname(peers.runc()), process.env['PATH'] ?? ''];
    return { PATH: path.join(':'), ...this.#options.env };
  }

  /** A directory with our shim, under both names that runtimes are asked for by. */
  #ownShim(): string {
    const directory = join(this.directory, 'shims');
    mkdirSync(directory, { recursive: true });
    for (const name of ['containerd-shim-runc-v2', 'containerd-shim-gantry-v2']) {
      const path = join(directory, name);
      if (!existsSync(path)) symlinkSync(peers.gantryShim(), path);
    }
    return directory;
  }

  /** Starts it (again, on the same directories) and waits until its socket takes connections. */
  async start(): Promise<void> {
    if (this.#child) throw new Error('the daemon runs already');
    const file = this.kind === 'gantry' ? peers.gantry() : peers.containerd(this.kind);
    using watcher = new ChangeWatcher([dirname(this.address), this.directory]);
    const [program, ...args] = [...(this.#options.launcher ?? []), file, '-c', this.configFile];
    const child = await Child.start(program, args, { env: this.environment, log: this.logFile });
    this.#child = child;
    let ended: Outcome | undefined;
    void child.exited.then((outcome) => {
      ended = outcome;
      if (this.#child === child) this.#child = undefined;
      watcher.wake();
    });
    while (!(await answers(this.address))) {
      // Set by the callback above.
      if (hasEnded(ended)) throw new Error(`${this.kind} ended with ${ended.code} at its start:\n${this.log}`);
      await watcher.changed();
    }
  }

  /** Sends a signal (SIGKILL by default) and waits for the end. Containers run on. Nothing happens when it is not running. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<Outcome | undefined> {
    const child = this.#child;
    if (!child) return undefined;
    child.kill(signal);
    const outcome = await child.exited;
    this.#child = undefined;
    return outcome;
  }

  /** SIGKILL and a new start on the same directories. */
  async crashAndRestart(): Promise<void> {
    await this.kill();
    await this.start();
  }

  /** Names a container or exec id, or a namespace, made without `Ctr`, so that the check for leftovers knows it. */
  track(names: { readonly ids?: readonly string[]; readonly namespaces?: readonly string[] }): void {
    for (const id of names.ids ?? []) this.#ids.add(id);
    for (const namespace of names.namespaces ?? []) this.#namespaces.add(namespace);
  }

  /** What is on the machine now that bears the suite's names, the daemon itself apart. */
  leftovers(): string[] {
    const own = this.#child ? `process ${this.#child.pid}: ` : undefined;
    return leftovers(this.#traces()).filter((line) => own === undefined || !line.startsWith(own));
  }

  /**
   * The same, once processes and sockets are gone that are going: a deletion is answered before its shim has ended, and a process that ends or is just
   * made may bear anybody's name. What does not go is waited for only so long.
   * @param id tells of this container alone
   */
  async lasting(id = ''): Promise<string[]> {
    const late = AbortSignal.timeout(patience);
    for (;;) {
      const left = this.leftovers().filter((line) => line.includes(id));
      const going = left.flatMap((line) => {
        const [, what, name = ''] = /^(process|socket) ([^\s:]+)/.exec(line) ?? [];
        if (what === 'process') return [processEnded(Number(name))];
        return what === 'socket' ? [pathGone(name)] : [];
      });
      if (going.length === 0 || late.aborted) return left;
      await Promise.race([Promise.all(going), once(late, 'abort')]);
    }
  }

  /** @throws Error that lists what was left, with the daemon's log; all of it is removed all the same. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.lasting();
    const stopped = await this.kill('SIGTERM');
    const left = leftovers(this.#traces());
    const log = this.log;
    await sweep(this.#traces());
    rmSync(this.directory, { recursive: true, force: true });
    if (left.length > 0) throw new Error(`the suite left behind:\n  ${left.join('\n  ')}\nthe daemon's log:\n${log}`);
    if (stopped && stopped.code !== 0) throw new Error(`${this.kind} answered SIGTERM with ${stopped.code}:\n${log}`);
  }

  #traces(): Traces {
    return {
      directory: this.directory,
      address: this.address,
      namespaces: [...this.#namespaces],
      ids: this.#ids,
    };
  }

  #configuration(): string {
    const text = (value: string): string => JSON.stringify(value);
    return [
      'version = 2',
      `root = ${text(this.root)}`,
      `state = ${text(this.state)}`,
      `disabled_plugins = [${[...disabledPlugins, ...(this.#options.disabled ?? [])].map(text).join(', ')}]`,
      '[grpc]',
      `address = ${text(this.address)}`,
      '[ttrpc]',
      `address = ${text(this.ttrpcAddress)}`,
      '[debug]',
      `level = ${text(this.#options.logLevel ?? 'debug')}`,
      this.#withShim(this.#options.config ?? ''),
      '',
    ].join('\n');
  }

  /** A daemon of ours is told which shim serves runc, where a test names one. */
  #withShim(config: string): string {
    if (this.kind !== 'gantry' || this.#options.shim === undefined) return config;
    const section = '[plugins."io.containerd.shim.v1.manager"]';
    const setting = 'runc_shim = "containerd-shim-runc-v2"';
    return config.includes(section)
      ? config.replace(section, `${section}\n${setting}`)
      : `${config}\n${section}\n${setting}`;
  }
}

function hasEnded(outcome: Outcome | undefined): outcome is Outcome {
  return outcome !== undefined;
}

/** Whether something accepts connections there. */
async function answers(address: string): Promise<boolean> {
  const socket = connect(address);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Tells, by inotify, that something changed in a directory; a change between two questions is not lost. */
class ChangeWatcher implements Disposable {
  readonly #watchers: FSWatcher[];
  #dirty = false;
  #resolve: (() => void) | undefined;

  constructor(directories: readonly string[]) {
    this.#watchers = directories.map((directory) => watch(directory, () => this.wake()));
  }

  wake(): void {
    this.#dirty = true;
    this.#resolve?.();
  }

  async changed(): Promise<void> {
    if (!this.#dirty) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#resolve = resolve;
      await promise;
    }
    this.#dirty = false;
  }

  [Symbol.dispose](): void {
    for (const watcher of this.#watchers) watcher.close();
  }
}
