/** Where the kernel counts kills for one container, and how it tells of them. Reading never fails: null once the cgroup is gone. */
export interface OomCounter extends Disposable {
  /**
   * Whether the kernel tells of a shortage before it kills, so that the count may rise a little after it told; else it tells once it has counted.
   */
  readonly early: boolean;
  /** Ready when there may be something to read; ask `count` to make it quiet again. */
  readonly fd: number;
  readonly interest: number;
  /** How many there were since the cgroup was made; a group that the kernel kills as one counts once. */
  count(): bigint | null;
}
