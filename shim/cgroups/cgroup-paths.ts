/**
 * Where a container's cgroup lies: the directory in the one hierarchy of version 2, or that of each controller of version 1 (`memory`, `cpu`,
 * …) that can be reached. It survives JSON, so that a successor knows it, too: a container's first process may move on into a cgroup
 * below.
 */
export type CgroupPaths =
  | { readonly version: 1; readonly directories: Readonly<Record<string, string>> }
  | { readonly version: 2; readonly directory: string };
