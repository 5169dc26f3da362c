import assert from 'node:assert/strict';
import { globSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Envelope } from '../../../../api/gen/containerd/types/types.ts';
import type { Logger } from '../../../../pkg/log/logger.ts';
import { ProcessHandle } from '../../../../pkg/sys/process-handle.ts';
import { Exchange } from '../../../../services/events/exchange.ts';
import { loadTasks } from '../../../../services/tasks/load-tasks.ts';
import { ShimManager } from '../../../../services/tasks/shim-manager.ts';
import type { RuntimeParts } from '../../../../services/tasks/runtime-parts.ts';
import { ShimTaskRuntime } from '../../../../services/tasks/shim-task-runtime.ts';
import type { ShimEnvironment } from '../../../../services/tasks/shim-command.ts';
import type { TaskFields } from '../../../../services/tasks/task-runtime.ts';
import type { TaskTimeouts } from '../../../../services/tasks/task-timeouts.ts';
import { TemporaryDirectory } from '../../../lab/temporary-directory.ts';

const silent: Logger = {
  trace: () => undefined,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  with: () => silent,
};

/** Enough for a shim that behaves, on a busy machine. */
export const patience: TaskTimeouts = {
  start: 60_000,
  cleanup: 30_000,
  load: 30_000,
  shutdown: 30_000,
  state: 30_000,
  stats: 30_000,
  create: 0,
  call: 30_000,
};

/** A task runtime in a directory of its own, as the daemon wires it. */
export class RuntimeUnderTest implements AsyncDisposable {
  readonly #temporary = new TemporaryDirectory();
  readonly #stop = new AbortController();
  readonly directory = this.#temporary.path;
  readonly environment: ShimEnvironment;
  readonly parts: RuntimeParts;
  readonly events: Envelope[] = [];
  runtime: ShimTaskRuntime;
  readonly #timeouts = { ...patience };

  constructor(timeouts: Partial<TaskTimeouts> = {}) {
    const address = join(this.directory, 'd.sock');
    this.environment = {
      address,
      ttrpcAddress: `${address}.ttrpc`,
      executable: '/bin/true',
      version: '2.3.4',
      env: [],
      socketDirectory: this.directory,
      runcShim: 'containerd-shim-runc-v2',
      debug: false,
    };
    this.limit(timeouts);
    this.parts = {
      roots: { state: join(this.directory, 'state'), root: join(this.directory, 'root') },
      shims: new ShimManager(this.environment, this.#timeouts, silent),
      events: new Exchange(),
      timeouts: this.#timeouts,
      log: silent,
    };
    this.runtime = new ShimTaskRuntime(this.parts);
    void this.#record();
  }

  /** From now on shims may take so long, and for all else as long as a busy machine needs. */
  limit(timeouts: Partial<TaskTimeouts>): void {
    Object.assign(this.#timeouts, patience, timeouts);
  }

  async load(): Promise<void> {
    await loadTasks(this.runtime, this.parts);
  }

  /** Lets go of everything as a daemon that ends, and begins anew. */
  async restart(): Promise<void> {
    await this.runtime[Symbol.asyncDispose]();
    this.runtime = new ShimTaskRuntime(this.parts);
    await this.load();
  }

  /** Bundles, work directories and sockets that are there. */
  remains(): string[] {
    return globSync(
      ['state/*/*', 'state/*/.*', 'root/*/*', '????????????????????????????????????????????????????????????????'],
      {
        cwd: this.directory,
      },
    );
  }

  /** Processes that work in a bundle, removed or not. */
  processes(): number[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => {
        try {
          return readlinkSync(`/proc/${pid}/cwd`).startsWith(`${this.directory}/state`);
        } catch {
          return false;
        }
      })
      .map(Number);
  }

  /** Resolves when the shims of these names have gone, as the next one to take a name waits for, and their processes have ended. */
  async gone(...ids: string[]): Promise<void> {
    const handles = this.processes().flatMap((pid) => handleOf(pid));
    for (const id of ids) {
      const create = this.runtime.create({ namespace: 'default' }, id, fieldsFor('io.containerd.nonesuch.v2'));
      await assert.rejects(create, /not installed/);
    }
    await Promise.all(handles.map((handle) => handle.exited()));
    for (const handle of handles) handle[Symbol.dispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.runtime[Symbol.asyncDispose]();
    this.#stop.abort();
    // Only a test that fails leaves any.
    for (const handle of this.processes().flatMap((pid) => handleOf(pid))) {
      handle.signal(9);
      handle[Symbol.dispose]();
    }
    this.#temporary[Symbol.dispose]();
  }

  async #record(): Promise<void> {
    for await (const event of this.parts.events.subscribe([], this.#stop.signal)) this.events.push(event);
  }
}

function handleOf(pid: number): ProcessHandle[] {
  try {
    return [new ProcessHandle(pid)];
  } catch {
    // ESRCH: it has ended meanwhile.
    return [];
  }
}

/** Fields of a task that a shim of this path is to serve. */
export function fieldsFor(runtime: string): TaskFields {
  return {
    runtime,
    options: undefined,
    spec: Buffer.from('{"ociVersion":"1.2.0"}'),
    rootfs: [],
    terminal: false,
    stdin: '',
    stdout: '',
    stderr: '',
    sandbox: undefined,
    checkpoint: '',
  };
}
