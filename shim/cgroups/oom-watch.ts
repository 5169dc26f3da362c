/**
 * A watch for kills of a container's processes for want of memory. Disposing ends it and frees its descriptors; it is idempotent.
 *
 * Begin it when the container is created and has not run, {@link settle} it when a process of the container has exited, and announce that exit only
 * then: whatever killed the process has been told of by then.
 *
 * @example
 * using watch = watchOom(paths, () => events.publish('/tasks/oom', taskOom(id)));
 * const status = await reaper.exitOf(pid);
 * watch.settle();
 * events.publish('/tasks/exit', taskExit(id, status));
 */
export interface OomWatch extends Disposable {
  /** Kills that were told of, and those that were there at the start: what a successor begins with. */
  readonly counted: bigint;
  /** Tells, before it returns, of all kills that happened before the call. */
  settle(): void;
}
