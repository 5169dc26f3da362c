import { randomBytes } from 'node:crypto';
import {
  chmod,
  chown,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  rmdir,
  symlink,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { allOf } from '../../pkg/concurrency/all-of.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import { isSystemError } from '../../pkg/sys/system-error.ts';
import { unmountAll } from '../../pkg/sys/unmount.ts';
import { bootstrapJson, parseBootstrapText } from './bootstrap-reply.ts';
import { memberOf, parsedJson } from './json-members.ts';
import type { ShimAddress } from './shim-address.ts';
import { parseSuccessorRecord, type SuccessorRecord } from './successor-record.ts';

/** The two places of the runtime plugin: `state` holds bundles, `root` work directories, both as `<namespace>/<id>`. */
export interface BundleRoots {
  readonly state: string;
  readonly root: string;
}

/** What a bundle holds before its shim is started. */
export interface BundleContent {
  /** Written to `config.json` byte for byte; no file without it. */
  readonly spec: Uint8Array | undefined;
  /** The shim's executable, for the daemon that comes after us. */
  readonly shimBinary: string;
}

/**
 * The directory that a shim works in: `config.json`, `rootfs`, `work` (a link to the work directory), `log`, and how
 * the shim is reached. Needs root, for owners and mounts.
 *
 * It appears and disappears by a rename: a name that begins with a dot is never a bundle, and is removed at start.
 */
export class Bundle {
  readonly namespace: string;
  readonly id: string;
  readonly path: string;
  readonly workPath: string;
  readonly rootfs: string;
  /** For the images of a checkpoint that the task is to be made from; there is none otherwise. */
  readonly checkpoint: string;

  #removedAs: string | undefined;

  constructor(roots: BundleRoots, namespace: string, id: string) {
    this.namespace = namespace;
    this.id = id;
    this.path = join(roots.state, namespace, id);
    this.workPath = join(roots.root, namespace, id);
    this.rootfs = join(this.path, 'rootfs');
    this.checkpoint = join(this.workPath, 'checkpoint');
  }

  /**
   * Makes the directories and files.
   * @throws KindError `already-exists` when there is a bundle of this name.
   */
  async create(content: BundleContent): Promise<void> {
    const building = hiddenName(this.path);
    const group = remappedGroup(content.spec);
    await mkdir(building, { recursive: true, mode: 0o711 });
    try {
      await chmod(building, 0o700);
      if (group !== 0) {
        await chown(building, -1, group);
        await chmod(building, 0o710);
      }
      // Side by side: a run waits for this.
      await allOf([
        mkdir(this.workPath, { recursive: true, mode: 0o711 }),
        mkdir(join(building, 'rootfs'), { mode: 0o711 }),
        symlink(this.workPath, join(building, 'work')),
        content.spec && writeFile(join(building, 'config.json'), content.spec, { mode: 0o644 }),
        writeFile(join(building, 'shim-binary-path'), content.shimBinary, { mode: 0o600 }),
      ]);
      await rename(building, this.path);
    } catch (error) {
      await rm(building, { recursive: true, force: true });
      if (!isSystemError(error, 'ENOTEMPTY', 'EEXIST')) throw error;
      throw new KindError('already-exists', `bundle ${this.path}`, { cause: error });
    }
  }

  /** Keeps how the shim is reached; there wholly or not at all after a crash. */
  async writeAddress(address: ShimAddress): Promise<void> {
    const file = join(this.path, 'bootstrap.json');
    const building = join(this.path, '.bootstrap.json');
    await writeFile(building, bootstrapJson(address), { mode: 0o600 });
    await rename(building, file);
  }

  /** The path that processes which still work in the bundle show once it has been removed; undefined before. */
  get removedAs(): string | undefined {
    return this.#removedAs;
  }

  /** How the shim is reached, from `bootstrap.json` or the `address` of older shims; undefined when it was never told. */
  async readAddress(): Promise<ShimAddress | undefined> {
    const text = (await this.#read('bootstrap.json')) ?? (await this.#read('address'));
    return text === undefined ? undefined : parseBootstrapText(text);
  }

  /** Keeps which sandbox's shim the task is made in; before its address, so that nobody takes the shim for the task's own. */
  async writeSandbox(id: string): Promise<void> {
    await writeFile(join(this.path, 'sandbox'), id, { mode: 0o600 });
  }

  /** The sandbox whose shim the task lives in; undefined when the shim is its own, or a group's. */
  async readSandbox(): Promise<string | undefined> {
    const id = await this.#read('sandbox');
    return id === '' ? undefined : id;
  }

  /** The shim's executable as it was when the bundle was made. */
  async readShimBinary(): Promise<string | undefined> {
    const text = await this.#read('shim-binary-path');
    return text === undefined || text.trim() === '' ? undefined : text.trim();
  }

  /** What the shim keeps for one that takes over when it dies; undefined for a shim that cannot be followed. */
  async readSuccessorRecord(): Promise<SuccessorRecord | undefined> {
    const text = await this.#read('successor.json');
    return text === undefined ? undefined : parseSuccessorRecord(text);
  }

  /** The group whose tasks share a shim, by the annotations of the spec; the id itself when it names none. */
  async readGroup(): Promise<string> {
    const text = await this.#read('config.json');
    const annotations = text === undefined ? undefined : memberOf(parsedJson(text), 'annotations');
    const group = ['io.containerd.runc.v2.group', 'io.kubernetes.cri.sandbox-id']
      .map((name) => memberOf(annotations, name))
      .find((value) => typeof value === 'string' && value !== '');
    return typeof group === 'string' ? group : this.id;
  }

  /** The container's cgroup as its spec names it; undefined when it names none. */
  async readCgroupsPath(): Promise<string | undefined> {
    const text = await this.#read('config.json');
    const path = text === undefined ? undefined : memberOf(memberOf(parsedJson(text), 'linux'), 'cgroupsPath');
    return typeof path === 'string' && path !== '' ? path : undefined;
  }

  /**
   * Takes mounts off `rootfs` and removes the bundle and its work directory. Idempotent. Never follows a mount: what is
   * mounted and cannot be taken off stays, and the removal fails.
   */
  async remove(): Promise<void> {
    this.#removedAs ??= await removeBundleDirectory(this.path);
    try {
      // Mostly there is nothing in it.
      await rmdir(this.workPath);
    } catch (error) {
      if (isSystemError(error, 'ENOENT')) return;
      await rm(this.workPath, { recursive: true, force: true });
    }
  }

  async #read(name: string): Promise<string | undefined> {
    try {
      return await readFile(join(this.path, name), 'utf8');
    } catch (error) {
      if (isSystemError(error, 'ENOENT', 'ENOTDIR')) return undefined;
      throw error;
    }
  }
}

/**
 * Removes a bundle's directory, or what is left of one under a hidden name. Idempotent.
 * @returns the hidden name that it had at last; undefined when there was none.
 */
export async function removeBundleDirectory(path: string): Promise<string | undefined> {
  const hidden = isHidden(path) ? path : hiddenName(path);
  try {
    // The root of the filesystem comes off before the name changes: a failure leaves the bundle where it is found again.
    await unmountAll(join(path, 'rootfs'), { detach: true });
    if (hidden !== path) await rename(path, hidden);
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined;
    throw error;
  }
  const entries = await readdir(hidden, { withFileTypes: true });
  await allOf(entries.map((entry) => removeEntry(join(hidden, entry.name), entry.isDirectory())));
  await rmdir(hidden);
  return hidden;
}

async function removeEntry(path: string, isDirectory: boolean): Promise<void> {
  if (!isDirectory) return unlink(path);
  try {
    // An empty directory goes at once, and a mount point refuses to (EBUSY).
    await rmdir(path);
  } catch (error) {
    if (isSystemError(error, 'EBUSY')) await unmountAll(path, { detach: true });
    else if (!isSystemError(error, 'ENOTEMPTY')) throw error;
    await unmountBeneath(path);
    await rm(path, { recursive: true, force: true });
  }
}

/** Takes off everything that is mounted beneath a directory, and makes sure that it is: what follows is a recursive removal. */
async function unmountBeneath(directory: string): Promise<void> {
  for (const path of await mountsBeneath(directory)) await unmountAll(path, { detach: true });
  const [left] = await mountsBeneath(directory);
  if (left !== undefined) throw new KindError('failed-precondition', `${left} is still mounted, ${directory} is kept`);
}

/** Mount points at or beneath a directory, the deepest first. */
async function mountsBeneath(directory: string): Promise<string[]> {
  const table = await readFile('/proc/self/mountinfo', 'utf8');
  const points = table.split('\n').map((line) => unescapeMountPoint(line.split(' ')[4] ?? ''));
  return points.filter((point) => point === directory || point.startsWith(`${directory}/`)).reverse();
}

/** The kernel writes space, tab, newline and backslash as octal numbers. */
function unescapeMountPoint(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_match, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

function isHidden(path: string): boolean {
  return path.slice(path.lastIndexOf('/') + 1).startsWith('.');
}

function hiddenName(path: string): string {
  const cut = path.lastIndexOf('/') + 1;
  return `${path.slice(0, cut)}.${path.slice(cut)}.${randomBytes(4).toString('hex')}`;
}

/** The host's group of the container's root, when the spec maps groups; its members may then enter the bundle. */
function remappedGroup(spec: Uint8Array | undefined): number {
  const bytes = spec ? Buffer.from(spec.buffer, spec.byteOffset, spec.byteLength) : undefined;
  if (!bytes?.includes('"gidMappings"')) return 0;
  const mappings = memberOf(memberOf(parsedJson(bytes.toString('utf8')), 'linux'), 'gidMappings');
  if (!Array.isArray(mappings)) return 0;
  const root: unknown = mappings.find((mapping: unknown) => memberOf(mapping, 'containerID') === 0);
  const host = memberOf(root, 'hostID');
  return typeof host === 'number' && Number.isInteger(host) && host > 0 && host < 0xffffffff ? host : 0;
}
