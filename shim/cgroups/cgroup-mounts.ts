/** A mounted part of a hierarchy of cgroups. */
export interface CgroupMount {
  /** Those of version 1, names of hierarchies among them; the empty name for version 2. */
  readonly controllers: readonly string[];
  /** The cgroup that lies at the mount point. */
  readonly root: string;
  readonly point: string;
}

/** The mounts of cgroups among those of /proc/PID/mountinfo. */
export function parseCgroupMounts(mountinfo: string): CgroupMount[] {
  const mounts: CgroupMount[] = [];
  for (const line of mountinfo.split('\n')) {
    // Number, parent, device, root, point, options, tags, then behind a dash: type, source, options of the filesystem.
    const [head = '', tail = ''] = line.split(' - ');
    const [type, , options = ''] = tail.split(' ');
    if (type !== 'cgroup' && type !== 'cgroup2') continue;
    const [, , , root = '', point = ''] = head.split(' ');
    const controllers = type === 'cgroup2' ? [''] : options.split(',');
    mounts.push({ controllers, root: unescape(root), point: unescape(point) });
  }
  return mounts;
}

/** The kernel writes blanks, line ends and backslashes as three octal digits. */
function unescape(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)));
}
