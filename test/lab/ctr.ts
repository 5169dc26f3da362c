import { Child, type ChildOptions, type Outcome } from './child.ts';
import type { DaemonUnderTest } from './daemon-under-test.ts';
import { type PeerVersion, peers } from './peers.ts';
import { lastWord } from './until-heard.ts';

/** How to call `ctr`. */
export interface CtrOptions extends ChildOptions {
  /** Runs it on a pseudo-terminal of its own (for `-t`); both outputs then come as stdout, with CR LF. */
  readonly terminal?: boolean;
}

/** Debian's `ctr` of one age against one daemon, in the daemon's namespace. */
export class Ctr {
  readonly version: PeerVersion;
  readonly #daemon: DaemonUnderTest;

  constructor(daemon: DaemonUnderTest, version: PeerVersion = '2.1.9') {
    this.#daemon = daemon;
    this.version = version;
  }

  /** Starts it and gives back the running program: for `events`, `attach`, `-t`, or to go on while it runs. */
  async start(args: readonly string[], options: CtrOptions = {}): Promise<Child> {
    // Any word may be an id: the check for leftovers looks for what each would have left.
    this.#daemon.track({ ids: args.filter((word) => /^[\w][\w.-]*$/.test(word)) });
    const command = [
      peers.ctr(this.version),
      ...['--address', this.#daemon.address],
      ...['--namespace', this.#daemon.namespace],
      ...args,
    ];
    if (options.terminal === true) {
      const quoted = command.map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`).join(' ');
      return Child.start('script', ['--quiet', '--return', '--command', quoted, '/dev/null'], {
        interactive: options.input === undefined,
        ...options,
        env: { SHELL: '/bin/sh', TERM: 'xterm', ...options.env },
      });
    }
    return Child.start(command[0] ?? '', command.slice(1), options);
  }

  /** Runs it to its end. Never throws for its exit code. */
  async run(args: readonly string[], options?: CtrOptions): Promise<Outcome> {
    const child = await this.start(args, options);
    return child.exited;
  }

  /** Runs it to its end and gives its stdout. @throws Error with its output and the end of the daemon's log when it fails. */
  async ok(args: readonly string[], options?: CtrOptions): Promise<string> {
    return this.#stdout(args, await this.run(args, options));
  }

  /**
   * The same for a `run` or `exec` whose container plays a script of `untilHeard`: what that wrote, of which nothing is lost.
   * @throws Error also when it ends before it has said all.
   */
  async hear(args: readonly string[], options?: Omit<CtrOptions, 'input'>): Promise<string> {
    const child = await this.start(args, { ...options, interactive: true });
    await Promise.race([child.output(new RegExp(`^${lastWord}\\r?$`, 'm')), child.exited]);
    child.write(options?.terminal === true ? '\r' : '\n');
    const stdout = this.#stdout(args, await child.exited);
    const [said, ...end] = stdout.split(lastWord);
    if (said === undefined || end.length === 0)
      throw new Error(`ctr ${args.join(' ')}: ended before all was said:\n${stdout}`);
    return said;
  }

  #stdout(args: readonly string[], { code, stdout, stderr }: Outcome): string {
    if (code === 0) return stdout;
    const log = this.#daemon.log.split('\n').slice(-40).join('\n');
    throw new Error(
      `ctr ${this.version} ${args.join(' ')}: exit code ${code}\n${stdout}${stderr}\n${this.#daemon.kind} logged:\n${log}`,
    );
  }
}
