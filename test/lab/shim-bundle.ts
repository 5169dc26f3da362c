import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What tests vary of an OCI spec. */
export interface SpecOptions {
  /** Default: sleeps until it is killed. */
  readonly args?: readonly string[];
  readonly env?: readonly string[];
  readonly cwd?: string;
  readonly user?: { readonly uid: number; readonly gid: number };
  readonly terminal?: boolean;
  readonly annotations?: Readonly<Record<string, string>>;
  /** `linux.resources` as it stands in the spec. */
  readonly resources?: object;
  /** Shares the machine's pid namespace, so that processes of the container survive its first one. */
  readonly hostPid?: boolean;
  /** A root filesystem that is there already; default `rootfs`, which the shim mounts. */
  readonly root?: string;
  /** Default `/NAMESPACE/ID`. */
  readonly cgroupsPath?: string;
}

/** The directory of one container as a daemon lays it out. */
export interface ShimBundle {
  readonly id: string;
  readonly path: string;
  /** Default process of the spec, for execs. */
  readonly process: object;
}

const capabilities = [
  'CAP_AUDIT_WRITE',
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_KILL',
  'CAP_NET_BIND_SERVICE',
  'CAP_SETGID',
  'CAP_SETUID',
];

/** `process` of an OCI spec: a program in a container, as its first one or by exec. */
export function ociProcess(options: SpecOptions): object {
  const { args = ['/bin/sleep', '100000'], env = [], cwd = '/', user = { uid: 0, gid: 0 }, terminal = false } = options;
  return {
    terminal,
    user,
    args,
    env: ['PATH=/bin', ...env],
    cwd,
    capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
    noNewPrivileges: true,
  };
}

/** A whole OCI spec, much as `ctr` makes them. */
export function ociSpec(namespace: string, id: string, options: SpecOptions): object {
  const { annotations = {}, resources = {}, hostPid = false, root = 'rootfs' } = options;
  const { cgroupsPath = `/${namespace}/${id}` } = options;
  const namespaces = ['mount', 'ipc', 'uts', ...(hostPid ? [] : ['pid'])];
  return {
    ociVersion: '1.0.2',
    process: ociProcess(options),
    root: { path: root },
    hostname: 'lab',
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
      {
        destination: '/dev',
        type: 'tmpfs',
        source: 'tmpfs',
        options: ['nosuid', 'strictatime', 'mode=755', 'size=64k'],
      },
      {
        destination: '/dev/pts',
        type: 'devpts',
        source: 'devpts',
        options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
      },
    ],
    annotations,
    linux: { cgroupsPath, resources, namespaces: namespaces.map((type) => ({ type })) },
  };
}

/** Makes a bundle below a directory: `config.json`, `rootfs` as an empty mount point, and `work`, which leads to a directory beside it. */
export function makeBundle(directory: string, namespace: string, id: string, options: SpecOptions): ShimBundle {
  const path = join(directory, id);
  mkdirSync(join(path, 'rootfs'), { recursive: true, mode: 0o711 });
  const work = join(directory, `${id}-work`);
  mkdirSync(work);
  symlinkSync(work, join(path, 'work'));
  writeFileSync(join(path, 'config.json'), JSON.stringify(ociSpec(namespace, id, options)));
  return { id, path, process: ociProcess(options) };
}

/** Changes a bundle's spec. */
export function editSpec(bundle: ShimBundle, change: (spec: Record<string, unknown>) => void): void {
  const file = join(bundle.path, 'config.json');
  const spec = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  change(spec);
  writeFileSync(file, JSON.stringify(spec));
}
