import { KindError } from '../../pkg/errors/kind-error.ts';
import type { ProcessState } from './task-process.ts';

type Refusals = Readonly<Record<ProcessState, Readonly<Record<string, string>>>>;

/** What the first process of a container refuses in which state; what is not listed is done. Words of containerd's shim. */
export const initRefusals = {
  created: {
    pause: 'cannot pause task in created state',
    resume: 'cannot resume task in created state',
    checkpoint: 'cannot checkpoint a task in created state',
  },
  running: {
    resume: 'cannot resume a running process',
    start: 'cannot start a running process',
    delete: 'cannot delete a running process',
  },
  paused: {
    pause: 'cannot pause a paused container',
    start: 'cannot start a paused process',
    delete: 'cannot delete a paused process',
    exec: 'cannot exec in a paused state',
  },
  stopped: {
    pause: 'cannot pause a stopped container',
    resume: 'cannot resume a stopped container',
    update: 'cannot update a stopped container',
    checkpoint: 'cannot checkpoint a stopped container',
    start: 'cannot start a stopped process',
    exec: 'cannot exec in a stopped state',
  },
  deleted: {
    pause: 'cannot pause a deleted process',
    resume: 'cannot resume a deleted process',
    update: 'cannot update a deleted process',
    checkpoint: 'cannot checkpoint a deleted process',
    start: 'cannot start a deleted process',
    exec: 'cannot exec in a deleted state',
  },
} as const satisfies Refusals;

/** The same for a process that Exec added. */
export const execRefusals = {
  created: {},
  running: { start: 'cannot start a running process', delete: 'cannot delete a running process' },
  paused: {},
  stopped: { start: 'cannot start a stopped process', resize: 'cannot resize a stopped container' },
  deleted: { start: 'cannot start a deleted process', resize: 'cannot resize a deleted process' },
} as const satisfies Refusals;

/** @throws KindError when the state does not allow it; `not-found` for what a deleted process cannot be asked. */
export function refuseUnlessAllowed(refusals: Refusals, state: ProcessState, action: string): void {
  if (state === 'deleted' && (action === 'kill' || action === 'delete')) {
    throw new KindError('not-found', `cannot ${action} a deleted process`);
  }
  const refusal = refusals[state][action];
  if (refusal !== undefined) throw new KindError('unknown', refusal);
}
