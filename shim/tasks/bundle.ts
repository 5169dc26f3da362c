import type { Options } from '../../api/gen/containerd/runc/v1/runc.ts';
import { isSystemError } from '../../pkg/sys/system-error.ts';
import { host } from '../host/host.ts';
import { optionsFromJson, optionsToJson } from './options-json.ts';
import { soleMember } from './sole-member.ts';
import { processEndFromJson, processEndToJson, type ProcessEnd } from './process-end.ts';

/** The spec is the largest file of a bundle. Bytes. */
const maxFile = 16 << 20;

const groupAnnotations = ['io.containerd.runc.v2.group', 'io.kubernetes.cri.sandbox-id'] as const;

/**
 * The directory of a container's files, as the daemon made it: `config.json`, `rootfs`, `work`, `log`. The shim adds what another shim's
 * `delete`, or ours, needs: `options.json`, `runtime`, `init.pid` (by the runtime), and, ours alone, `init.exit` and `execs/`.
 *
 * Reading a file that is not there answers undefined.
 */
export class Bundle {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  get rootfs(): string {
    return `${this.path}/rootfs`;
  }

  get work(): string {
    return `${this.path}/work`;
  }

  /** The runtime's log, JSON by line. */
  get runtimeLog(): string {
    return `${this.path}/log.json`;
  }

  /** Where the runtime writes the first process's id. */
  get initPidFile(): string {
    return `${this.path}/init.pid`;
  }

  /** A file about an exec, in a folder of their own: an exec may be called `init`. */
  execFile(id: string, ending: string): string {
    return `${this.path}/execs/${id}.${ending}`;
  }

  /** Makes the folder for {@link execFile}. */
  makeExecFolder(): void {
    host.makeDirectory(`${this.path}/execs`, 0o700);
  }

  /** The spec's text. */
  readSpec(): string | undefined {
    return readText(`${this.path}/config.json`);
  }

  /** The group that shares a shim, by the spec's annotations; undefined for a container on its own. */
  readGroup(): string | undefined {
    const text = this.readSpec() ?? '';
    const found = groupAnnotations.map((name) => soleMember(text, name));
    const values = found.some(({ kind }) => kind === 'unclear')
      ? groupAnnotations.map((name) => memberOf(memberOf(parseJson(text), 'annotations'), name))
      : found.map((member) => (member.kind === 'found' ? member.value : undefined));
    const group = values.find((value) => typeof value === 'string' && value !== '');
    return typeof group === 'string' ? group : undefined;
  }

  /** Whether the container's processes end with its first one, since they have a process namespace of their own. */
  hasOwnPidNamespace(): boolean {
    const text = this.readSpec() ?? '';
    const found = soleMember(text, 'namespaces');
    const namespaces =
      found.kind === 'found' ? found.value : memberOf(memberOf(parseJson(text), 'linux'), 'namespaces');
    if (!Array.isArray(namespaces)) return false;
    return namespaces.some((one: unknown) => memberOf(one, 'type') === 'pid' && !memberOf(one, 'path'));
  }

  /** Whether the spec may have hooks of a name. */
  mayHaveHooks(name: string): boolean {
    return this.readSpec()?.includes(`"${name}"`) ?? true;
  }

  /** Keeps the runtime's options as the Go shim does: the lot as JSON, and the runtime's name by itself. */
  writeOptions(options: Options): void {
    writeText(`${this.path}/options.json`, optionsToJson(options));
    writeText(`${this.path}/runtime`, options.binaryName);
  }

  /** Those kept; of an older shim's bundle, what `runtime` tells. */
  readOptions(): Options {
    const kept = optionsFromJson(readText(`${this.path}/options.json`) ?? '{}');
    return kept.binaryName === '' ? { ...kept, binaryName: readText(`${this.path}/runtime`) ?? '' } : kept;
  }

  readInitPid(): number | undefined {
    return readPid(this.initPidFile);
  }

  /** Keeps how a process ended, before anybody is told; the id is empty for the first process. Survives a crash of the shim. */
  writeEnd(execId: string, end: ProcessEnd): void {
    writeText(this.#endFile(execId), processEndToJson(end));
  }

  readEnd(execId: string): ProcessEnd | undefined {
    const text = readText(this.#endFile(execId));
    return text === undefined ? undefined : processEndFromJson(text);
  }

  #endFile(execId: string): string {
    return execId === '' ? `${this.path}/init.exit` : this.execFile(execId, 'exit');
  }
}

/** A pid as a runtime writes it; undefined when there is none. */
export function readPid(path: string): number | undefined {
  const text = readText(path)?.trim() ?? '';
  return /^[1-9][0-9]{0,9}$/.test(text) ? Number(text) : undefined;
}

/** A file's text; undefined when there is none. */
export function readText(path: string): string | undefined {
  try {
    return host.decodeUtf8(host.readFile(path, maxFile));
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
}

/** Written whole or not at all. */
export function writeText(path: string, text: string): void {
  host.writeFile(path, host.encodeUtf8(text), 0o600, false);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Readonly<Record<string, unknown>>)[name];
}
