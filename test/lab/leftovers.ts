import { createHash } from 'node:crypto';
import { type Dirent, globSync, readFileSync, readdirSync, readlinkSync, rmSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { runProgram } from './run-program.ts';
import { killAndWait } from './kill-and-wait.ts';

/** What tells one suite's traces on the machine from everybody else's. */
export interface Traces {
  /** The suite's directory: in the paths of its mounts and the command lines of its processes. */
  readonly directory: string;
  /** The daemon's gRPC socket, which the names of shim sockets are derived from. */
  readonly address: string;
  /** The containerd namespace, unique to the suite: a level of cgroup paths and of runc's state. */
  readonly namespaces: readonly string[];
  /** Words that were container or exec ids, or may have been. */
  readonly ids: ReadonlySet<string>;
}

const socketDirectory = '/run/containerd/s';
const fifoDirectory = '/run/containerd/fifo';

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function list(path: string): Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch {
    return [];
  }
}

/** Mount points below the suite's directory, deepest last. */
function mountPoints(traces: Traces): string[] {
  return read('/proc/self/mountinfo')
    .split('\n')
    .map((line) => (line.split(' ')[4] ?? '').replaceAll('\\040', ' '))
    .filter((point) => point.startsWith(`${traces.directory}/`));
}

function target(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

/** Processes that name the suite's directory or sit in a cgroup of its namespaces; this process is not one. */
function processIds(traces: Traces): { pid: number; what: string }[] {
  const found = [];
  for (const { name } of list('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    const command = read(`/proc/${name}/cmdline`).replaceAll('\0', ' ').trim();
    const cgroup = read(`/proc/${name}/cgroup`);
    const ours =
      command.includes(traces.directory) ||
      target(`/proc/${name}/cwd`).startsWith(traces.directory) ||
      traces.namespaces.some((namespace) => cgroup.includes(`/${namespace}/`));
    const status = read(`/proc/${name}/status`);
    // A zombie has no command line left and needs its parent, not us; one without a status has gone since.
    if (ours && status !== '' && !/^State:\s+[ZX]/m.test(status)) found.push({ pid: Number(name), what: command });
  }
  return found;
}

function cgroups(traces: Traces): string[] {
  return traces.namespaces
    .flatMap((namespace) => [
      ...globSync(`/sys/fs/cgroup/${namespace}/**/`),
      ...globSync(`/sys/fs/cgroup/*/${namespace}/**/`),
    ])
    .sort((a, b) => b.length - a.length);
}

/** The sockets that Go shims derive from the daemon's address, the namespace and the id. */
function shimSockets(traces: Traces): string[] {
  const present = new Set(list(socketDirectory).map(({ name }) => name));
  const found = [];
  for (const namespace of traces.namespaces) {
    for (const id of traces.ids) {
      for (const suffix of ['', '/debug']) {
        const name = createHash('sha256')
          .update(join(traces.address, namespace, `${id}${suffix}`))
          .digest('hex');
        if (present.has(name)) found.push(join(socketDirectory, name));
      }
    }
  }
  return found;
}

function runcStates(traces: Traces): string[] {
  return traces.namespaces.flatMap((namespace) => globSync(`/run/containerd/runc/${namespace}/*`));
}

/** FIFO directories that `ctr` made; it is their owner and leaves those of detached containers, whatever the daemon does. */
function fifoDirectories(traces: Traces): string[] {
  return list(fifoDirectory)
    .map(({ name }) => join(fifoDirectory, name))
    .filter((directory) =>
      list(directory).some(({ name }) => traces.ids.has(name.replace(/-(stdin|stdout|stderr)$/, ''))),
    );
}

/**
 * What a suite left on the machine, one line each; empty when all is clean.
 *
 * Looks at mounts, processes, cgroups, shim sockets, runc's state and network namespaces that bear the suite's names, so suites may
 * run side by side.
 */
export function leftovers(traces: Traces): string[] {
  return [
    ...mountPoints(traces).map((point) => `mount ${point}`),
    ...processIds(traces).map(({ pid, what }) => `process ${pid}: ${what}`),
    ...cgroups(traces)
      .filter((path) => !traces.namespaces.some((namespace) => path.replace(/\/$/, '').endsWith(`/${namespace}`)))
      .map((path) => `cgroup ${path}`),
    ...shimSockets(traces).map((path) => `socket ${path}`),
    ...runcStates(traces).map((path) => `runc state ${path}`),
    ...list('/run/netns')
      .filter(({ name }) => traces.namespaces.some((namespace) => name.includes(namespace)) || traces.ids.has(name))
      .map(({ name }) => `network namespace ${name}`),
  ];
}

/** Removes a suite's traces by force: after {@link leftovers} has named them, so that one failure does not spoil the next suite. */
export async function sweep(traces: Traces): Promise<void> {
  // Until there are none: one may have started another meanwhile. A cgroup can go once the last process in it is dead.
  for (let found = processIds(traces); found.length > 0; found = processIds(traces)) {
    await Promise.all(found.map(({ pid }) => killAndWait(pid)));
  }
  for (const point of mountPoints(traces).reverse()) await runProgram('umount', ['-l', point]);
  const files = [...shimSockets(traces), ...runcStates(traces), ...fifoDirectories(traces)];
  for (const path of files) rmSync(path, { recursive: true, force: true });
  const directories = [
    ...cgroups(traces),
    ...traces.namespaces.map((namespace) => `/run/containerd/runc/${namespace}`),
  ];
  for (const path of directories) {
    try {
      rmdirSync(path);
    } catch {
      // Not there, or a process in it is still ending.
    }
  }
}
