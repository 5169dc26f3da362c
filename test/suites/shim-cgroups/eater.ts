import assert from 'node:assert/strict';
import { existsSync, globSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Child } from '../../lab/child.ts';
import { peers } from '../../lab/peers.ts';
import { uniqueName } from '../../lab/unique-name.ts';
import { killAndWait } from '../../lab/kill-and-wait.ts';

const limitsV1 = [
  ['memory.limit_in_bytes', '8388608'],
  ['memory.memsw.limit_in_bytes', '8388608'],
] as const;
const limitsV2 = [
  ['memory.max', '8388608'],
  ['memory.swap.max', '0'],
] as const;

/** Whether the machine has a version 2 tree alone. */
const unified = existsSync('/sys/fs/cgroup/cgroup.controllers');

/** A script that takes memory until it is killed. */
export const eat = 'x=aaaaaaaaaaaaaaaa; while :; do x=$x$x; done';

/**
 * A memory cgroup of 8 MiB with a shell in it that runs a script once `go` is called, and the program (`cgroup-program.ts`) that watches it. Of either
 * version, as the machine is. Disposing ends both and removes the cgroup. Root is needed.
 *
 * @example
 * await using eater = await Eater.start(program, eat);
 * await eater.run();
 * await eater.ask('settle', /settled at 1\n/);
 */
export class Eater implements AsyncDisposable {
  readonly directory: string;
  readonly #shell: Child;
  readonly watcher: Child;

  static async start(program: string, script: string): Promise<Eater> {
    const directory = `/sys/fs/cgroup/${unified ? '' : 'memory/'}${uniqueName('oom')}`;
    mkdirSync(directory);
    for (const [name, limit] of unified ? limitsV2 : limitsV1) {
      // Not every kernel accounts for swap.
      if (existsSync(join(directory, name))) writeFileSync(join(directory, name), limit);
    }
    const shell = await Child.start(peers.busybox(), ['sh', '-c', `read go; ${script}`], { interactive: true });
    writeFileSync(join(directory, 'cgroup.procs'), `${shell.pid}`);
    const eater = new Eater(directory, shell, await Child.start(program, [], { interactive: true }));
    eater.watcher.write(`descriptors\nwatch ${shell.pid}\n`);
    await eater.watcher.output(/watching\n/);
    return eater;
  }

  constructor(directory: string, shell: Child, watcher: Child) {
    this.directory = directory;
    this.#shell = shell;
    this.watcher = watcher;
  }

  get pid(): number {
    return this.#shell.pid;
  }

  /** Lets the script run. */
  go(): void {
    this.#shell.write('go\n');
  }

  /** Lets it run to its end; its exit code. */
  async run(): Promise<number> {
    this.go();
    const { code } = await this.#shell.exited;
    return code;
  }

  remove(): void {
    rmdirSync(this.directory);
  }

  /** What the watcher told so far, in lines. */
  get told(): string[] {
    return this.watcher.stdout.split('\n').slice(0, -1);
  }

  async ask(command: string, answer: RegExp): Promise<void> {
    this.watcher.write(`${command}\n`);
    await this.watcher.output(answer);
  }

  /** Ends the shell, and waits for those of its children that are dying, in cgroups below as well. */
  async end(): Promise<void> {
    this.#shell.kill('SIGKILL');
    await this.#shell.exited;
    if (!existsSync(this.directory)) return;
    const left = globSync(join(this.directory, '**/cgroup.procs')).flatMap((file) =>
      readFileSync(file, 'utf8').split('\n').filter(Boolean),
    );
    await Promise.all(left.map((pid) => killAndWait(Number(pid))));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
    this.watcher.closeInput();
    const { code, stderr } = await this.watcher.exited;
    if (existsSync(this.directory)) this.remove();
    assert.equal(code, 0, stderr);
  }
}
