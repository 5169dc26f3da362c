/** How long shims may take, in milliseconds: `[timeouts]` of the configuration. 0 is for as long as it takes. */
export interface TaskTimeouts {
  /** The command `start`. */
  readonly start: number;
  /** Making and starting processes, and checkpoints. */
  readonly create: number;
  /** Everything else that is asked of a task. */
  readonly call: number;
  /** The command `delete`, and taking back a task that could not be created. */
  readonly cleanup: number;
  /** Finding a shim again after a restart. */
  readonly load: number;
  readonly shutdown: number;
  readonly state: number;
  readonly stats: number;
}

/**
 * The timeouts with containerd's names and defaults. `shim.start`, `task.create` and `task.call` are ours: a virtual machine needs a
 * while to start and a checkpoint's restoring longer, but nobody should wait for ever for a signal to be sent.
 */
export function taskTimeouts(configured: ReadonlyMap<string, number>): TaskTimeouts {
  const of = (name: string, fallback: number): number => configured.get(`io.containerd.timeout.${name}`) ?? fallback;
  return {
    start: of('shim.start', 60_000),
    create: of('task.create', 0),
    call: of('task.call', 120_000),
    cleanup: of('shim.cleanup', 5000),
    load: of('shim.load', 5000),
    shutdown: of('shim.shutdown', 3000),
    state: of('task.state', 2000),
    stats: of('metrics.shimstats', 2000),
  };
}
