import { Options } from '../../api/gen/containerd/runc/v1/runc.ts';

/** Members of the file and of the message. Names as Go's JSON of the message has them. */
const members = [
  ['no_pivot_root', 'noPivotRoot'],
  ['no_new_keyring', 'noNewKeyring'],
  ['shim_cgroup', 'shimCgroup'],
  ['io_uid', 'ioUid'],
  ['io_gid', 'ioGid'],
  ['binary_name', 'binaryName'],
  ['root', 'root'],
  ['systemd_cgroup', 'systemdCgroup'],
  ['criu_image_path', 'criuImagePath'],
  ['criu_work_path', 'criuWorkPath'],
  ['task_api_address', 'taskApiAddress'],
  ['task_api_version', 'taskApiVersion'],
] as const satisfies readonly (readonly [string, keyof Options])[];

/** The text of a bundle's `options.json`: what is not at its default, as the Go shim writes it. */
export function optionsToJson(options: Options): string {
  const usual = Options.decode(new Uint8Array());
  const told = members.filter(([, member]) => options[member] !== usual[member]);
  return JSON.stringify(Object.fromEntries(told.map(([name, member]) => [name, options[member]])));
}

/** Reads `options.json`, whoever wrote it. Members that are missing, unknown or of a wrong type count for nothing. */
export function optionsFromJson(text: string): Options {
  const options: Record<string, unknown> = { ...Options.decode(new Uint8Array()) };
  const value = parsed(text);
  for (const [name, member] of members) {
    const told = value[name];
    if (typeof told === typeof options[member]) options[member] = told;
  }
  return { ...Options.decode(new Uint8Array()), ...options };
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
