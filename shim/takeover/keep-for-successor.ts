import { host } from '../host/host.ts';
import type { Container } from '../tasks/container.ts';
import type { TaskProcess } from '../tasks/task-process.ts';
import { processStart } from './process-start.ts';
import { removeSuccessorFile, writeSuccessorFile, type KeptProcess, type KnownProcess } from './successor-file.ts';

let ourselves: KnownProcess | undefined;
/** Of processes that have been kept: a pid is read of once. */
const starts = new WeakMap<TaskProcess, number>();

/** Writes what a successor needs of a container that has a process. @throws SystemError */
export function keepForSuccessor({ init, execs, cgroup }: Container): void {
  ourselves ??= { pid: host.pid(), start: processStart(host.pid()) };
  writeSuccessorFile(init.bundle.path, {
    version: 1,
    shim: ourselves,
    rootfs: init.mountTargets,
    checkpoint: init.checkpointImages,
    cgroup,
    processes: [init, ...execs.values()].flatMap(kept),
  });
}

/** Of a container that has been deleted, nobody is to take over anything. */
export function forgetForSuccessor({ init }: Container): void {
  removeSuccessorFile(init.bundle.path);
}

/** Nothing of one that was not started. */
function kept(process: TaskProcess): KeptProcess[] {
  const { pid, execId: exec, handles } = process;
  if (pid === 0 || handles === undefined) return [];
  const start = starts.get(process) ?? processStart(pid);
  starts.set(process, start);
  const { master } = handles;
  return [{ exec, pid, start, handles, ...(master >= 0 ? { master } : {}) }];
}
