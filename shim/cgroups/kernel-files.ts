/** Reading files of the kernel. */
export interface KernelFiles {
  /** What a file holds, or null where there is none: the controller is off, the kernel is older, or the cgroup is gone. */
  read(path: string): string | null;
  /** The names in a directory; none where it is missing. */
  list(path: string): readonly string[];
}
