import { once } from 'node:events';
import { existsSync, globSync, mkdirSync, readFileSync, readdirSync, watch } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { DaemonCalls } from '../lab/daemon-calls.ts';
import type { DaemonUnderTest } from '../lab/daemon-under-test.ts';
import { processEnded } from '../lab/process-ended.ts';
import { uniqueName } from '../lab/unique-name.ts';

function names(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory) : [];
}

/** The shims of a namespace: their processes, and the ids that they were started for. */
function shims(namespace: string): { readonly pid: number; readonly id: string }[] {
  return globSync('/proc/[0-9]*/cmdline').flatMap((file) => {
    try {
      const words = readFileSync(file, 'utf8').split('\0');
      const at = words.indexOf('-id');
      const ours = words[0]?.includes('containerd-shim') === true && words.includes(namespace);
      const pid = Number(basename(dirname(file)));
      return ours && at >= 0 && words.at(-2) !== 'delete' ? [{ pid, id: words[at + 1] ?? '' }] : [];
    } catch {
      // It ended meanwhile.
      return [];
    }
  });
}

function shimIds(namespace: string): string[] {
  return shims(namespace).map(({ id }) => id);
}

function difference(what: string, found: Iterable<string>, named: Iterable<string>): string[] {
  const known = new Set(named);
  return [...new Set(found)].filter((name) => !known.has(name)).map((name) => `${what} ${name}`);
}

function numbers(what: string, found: readonly string[], records: readonly unknown[]): string[] {
  if (found.length === records.length) return [];
  return [`${String(found.length)} ${what} for ${String(records.length)} records`];
}

/** Waits for a garbage collection from now on: it takes what others were about to take. */
async function collectGarbage({ leases, options }: DaemonCalls): Promise<void> {
  const id = uniqueName('sweep');
  await leases.create({ id, labels: new Map() }, options);
  await leases.delete({ id, sync: true }, options);
}

/** What a daemon that has just been started may take to remove, in milliseconds. */
const patience = 30_000;

function bundlesOf({ state, namespace }: DaemonUnderTest): string {
  return join(state, 'io.containerd.runtime.v2.task', namespace);
}

function worksOf({ root, namespace }: DaemonUnderTest): string {
  return join(root, 'io.containerd.runtime.v2.task', namespace);
}

/**
 * As {@link unnamed}, but waits for what the daemon removes after its start: tasks that nobody was told of. Their bundles and work directories go last;
 * but the shim of one that the last daemon was just removing may be without a bundle, and ends by itself.
 */
export async function unnamedAfterStart(daemon: DaemonUnderTest, calls: DaemonCalls): Promise<string[]> {
  const directories = [bundlesOf(daemon), worksOf(daemon)];
  for (const directory of directories) mkdirSync(directory, { recursive: true });
  const deadline = AbortSignal.timeout(patience);
  for (;;) {
    const watchers = directories.map((directory) => watch(directory));
    try {
      const changes = watchers.map((watcher) => once(watcher, 'change', { signal: deadline }));
      const changed = Promise.race(changes).catch(() => undefined);
      for (const change of changes) change.catch(() => undefined);
      const found = await unnamed(daemon, calls);
      if (deadline.aborted) return found;
      if (found.some((line) => /^(?:bundle|work directory) /.test(line))) await changed;
      else if (found.length > 0 && found.every((line) => line.startsWith('shim '))) {
        const ending = shims(daemon.namespace).filter(({ id }) => found.includes(`shim ${id}`));
        await Promise.race([Promise.all(ending.map(({ pid }) => processEnded(pid))), once(deadline, 'abort')]);
      } else return found;
    } finally {
      for (const watcher of watchers) watcher.close();
    }
  }
}

/**
 * What is on disk or on the machine though none of the daemon's records names it, one line each: bundles, shims, mounts, cgroups,
 * snapshot directories, blobs and ingests. The daemon must be up and nobody else at work with it.
 */
export async function unnamed(daemon: DaemonUnderTest, calls: DaemonCalls): Promise<string[]> {
  await collectGarbage(calls);
  const { namespace, root } = daemon;
  const { options } = calls;
  const tasks = (await calls.tasks.list({ filter: '' }, options)).tasks.map(({ id }) => id);
  const bundles = bundlesOf(daemon);
  const works = worksOf(daemon);
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((point) => point.startsWith(`${daemon.directory}/`) && point !== root);
  const cgroups = globSync(`/sys/fs/cgroup/{,*/}${namespace}/*/`).map((path) => basename(path));
  const roots = tasks.map((id) => join(bundles, id, 'rootfs'));
  const snapshots = await calls.all(calls.snapshots.list({ snapshotter: 'overlayfs', filters: [] }, options));
  const snapshotter = join(root, 'io.containerd.snapshotter.v1.overlayfs', 'snapshots');
  const content = join(root, 'io.containerd.content.v1.content');
  const blobs = names(join(content, 'blobs', 'sha256')).map((hex) => `sha256:${hex}`);
  const digests = (await calls.all(calls.content.list({ filters: [] }, options))).map(({ digest }) => digest);
  const { statuses } = await calls.content.listStatuses({ filters: [] }, options);
  return [
    ...difference('bundle', names(bundles), tasks),
    ...difference('work directory', names(works), tasks),
    ...difference('shim', shimIds(namespace), tasks),
    ...difference('task without a shim', tasks, shimIds(namespace)),
    ...difference('mount', mounts, roots),
    ...difference('cgroup', cgroups, tasks),
    ...numbers('snapshot directories', names(snapshotter), snapshots),
    ...difference('blob', blobs, digests),
    ...difference('blob that is not there', digests, blobs),
    ...numbers('ingest directories', names(join(content, 'ingest')), statuses),
    ...names(join(root, 'tmpmounts')).map((name) => `temporary mount point ${name}`),
  ];
}
