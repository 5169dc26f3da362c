import { CreateTaskRequest } from '../../api/gen/containerd/task/v3/task.ts';
import type { Logger } from '../../pkg/log/logger.ts';
import type { CgroupPaths } from '../cgroups/cgroup-paths.ts';
import { host } from '../host/host.ts';
import { OwnedFd } from '../stdio/owned-fd.ts';
import { Bundle } from '../tasks/bundle.ts';
import { Container } from '../tasks/container.ts';
import { ExecProcess } from '../tasks/exec-process.ts';
import { InitProcess } from '../tasks/init-process.ts';
import type { Reaper } from '../tasks/reaper.ts';
import type { InheritedEnd, Tasks } from '../tasks/tasks.ts';
import { exitOfOrphan, holdOrphan } from './exit-of-orphan.ts';
import { findPipe } from './find-pipe.ts';
import { ResumedStdio } from './resumed-stdio.ts';
import { readSuccessorFile, type KeptProcess, type SuccessorFile } from './successor-file.ts';
import type { GivenContainer, GivenProcess } from './takeover-input.ts';

/** What a container is taken over with. */
export interface TakeoverParts {
  readonly namespace: string;
  readonly tasks: Tasks;
  readonly reaper: Reaper;
  readonly log: Logger;
}

/** A process as it is found. */
interface Found {
  readonly kept: KeptProcess;
  readonly given: GivenProcess | undefined;
  readonly end: InheritedEnd;
}

/** What a shell says of a process that it knows nothing of. */
const unknownStatus = 255;

/**
 * Takes over a container from a shim that died: finds its processes, the ends of their streams and how it stands, and goes on.
 * @throws Error when the shim has kept nothing of it, or no first process.
 */
export async function takeOverContainer(parts: TakeoverParts, container: GivenContainer): Promise<void> {
  const { namespace, tasks, reaper: runner, log } = parts;
  const file = readSuccessorFile(container.bundle);
  const bundle = new Bundle(container.bundle);
  const found = file.processes.flatMap((kept) => find(kept, bundle, container));
  const first = found.find(({ kept }) => kept.exec === '');
  if (!first) throw new Error(`container ${container.id} has no first process`);
  const stdioOf = ({ kept, given }: Found): ResumedStdio => resumedStdio(kept, given, file.cgroup, log);
  const request = requestOf(container, first.kept, file);
  const made = { namespace, request, options: bundle.readOptions(), bundle, runner, log };
  const init = await InitProcess.takeOver(made, { pid: first.kept.pid, stdio: stdioOf(first) });
  const taken = new Container(init);
  taken.cgroup = file.cgroup;
  for (const process of found) {
    const { exec, pid } = process.kept;
    if (process !== first)
      taken.execs.set(exec, ExecProcess.takeOver(init, exec, { pid, stdio: stdioOf(process) }, log));
  }
  tasks.takeIn(taken, new Map(found.map(({ kept, end }) => [kept.exec, end])));
}

function find(kept: KeptProcess, bundle: Bundle, { processes }: GivenContainer): Found[] {
  const given = processes.find(({ exec }) => exec === kept.exec);
  const end = endOf(kept, bundle, given);
  return end ? [{ kept, given, end }] : [];
}

/** Undefined for a further process that has been deleted: it is not there, and its exit is not kept. */
function endOf(kept: KeptProcess, bundle: Bundle, given: GivenProcess | undefined): InheritedEnd | undefined {
  const end = bundle.readEnd(kept.exec);
  if (end?.pid === kept.pid) {
    if (given?.pidfd !== undefined) host.close(given.pidfd);
    return given?.told === true ? { told: end } : { exit: Promise.resolve({ status: end.status, at: end.at }) };
  }
  const pidfd = holdOrphan(kept, given?.pidfd);
  if (pidfd) return { exit: exitOfOrphan(kept.pid, pidfd) };
  // The first one has not been deleted, or there would be nothing here.
  return kept.exec === '' ? { exit: Promise.resolve({ status: unknownStatus, at: host.now() }) } : undefined;
}

function requestOf({ id, bundle }: GivenContainer, { handles }: KeptProcess, file: SuccessorFile): CreateTaskRequest {
  const { stdin, stdout, stderr, terminal } = handles;
  const rootfs = file.rootfs.map((target) => ({ type: '', source: '', target, options: [] }));
  const { checkpoint } = file;
  return {
    ...CreateTaskRequest.decode(new Uint8Array()),
    id,
    bundle,
    rootfs,
    checkpoint,
    stdin,
    stdout,
    stderr,
    terminal,
  };
}

function resumedStdio(
  { pid, handles }: KeptProcess,
  given: GivenProcess | undefined,
  cgroup: CgroupPaths | undefined,
  log: Logger,
): ResumedStdio {
  const { stdout, stderr } = handles.pipes;
  const ends = {
    stdout: stdout === undefined ? undefined : findPipe(stdout, pid, cgroup),
    stderr: stderr === undefined ? undefined : findPipe(stderr, pid, cgroup),
    master: given?.master === undefined ? undefined : new OwnedFd(given.master),
  };
  return new ResumedStdio(handles, ends, log);
}
