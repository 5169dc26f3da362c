/** How processes ended that are not our children. */
export interface ProcessStatusCalls {
  /**
   * The wait status, as wait(2) gives it, of the process behind a pidfd; -1 while it runs, or when the kernel does not tell: before Linux 6.15 it does
   * only as long as nobody has reaped it. `pid` is the process's number.
   */
  processStatus(pidfd: number, pid: number): number;
}
