import { parseArgs } from 'node:util';
import { KindError } from '../pkg/errors/kind-error.ts';

/** What all commands have in common. */
export interface GlobalFlags {
  readonly config: string;
  readonly level: string | undefined;
  readonly address: string | undefined;
  readonly root: string | undefined;
  readonly state: string | undefined;
}

/** What the command line asks for. */
export type CommandLine =
  | { readonly command: 'run' | 'config default' | 'config dump' | 'config migrate'; readonly flags: GlobalFlags }
  | { readonly command: 'publish'; readonly flags: GlobalFlags; readonly topic: string; readonly namespace: string }
  | { readonly command: 'oci-hook'; readonly flags: GlobalFlags; readonly args: readonly string[] }
  | { readonly command: 'version' | 'help'; readonly flags: GlobalFlags };

const globalOptions = {
  config: { type: 'string', short: 'c' },
  'log-level': { type: 'string', short: 'l' },
  address: { type: 'string', short: 'a' },
  root: { type: 'string' },
  state: { type: 'string' },
  version: { type: 'boolean', short: 'v' },
  help: { type: 'boolean', short: 'h' },
} as const;

const publishOptions = { ...globalOptions, namespace: { type: 'string' }, topic: { type: 'string' } } as const;

/**
 * Reads the command line, which is containerd's: flags with one dash or two, before or behind the command.
 * @throws KindError `invalid-argument`.
 */
export function parseCommandLine(args: readonly string[]): CommandLine {
  // What an OCI runtime hook is to run follows behind it, with flags of its own.
  const hook = args.indexOf('oci-hook');
  if (hook >= 0 && isFlags(args.slice(0, hook))) {
    return { command: 'oci-hook', flags: parseFlags(args.slice(0, hook)).flags, args: args.slice(hook + 1) };
  }
  const { values, positionals, flags } = parseFlags(args);
  if (values.version === true) return { command: 'version', flags };
  const command = positionals.join(' ');
  if (values.help === true || command === 'help') return { command: 'help', flags };
  switch (command) {
    case '':
      return { command: 'run', flags };
    case 'config default':
    case 'config dump':
    case 'config migrate':
      return { command, flags };
    case 'publish':
      return { command, flags, topic: values.topic ?? '', namespace: values.namespace ?? '' };
    default:
      throw new KindError('invalid-argument', `no such command: "${command}" (see gantry --help)`);
  }
}

function parseFlags(args: readonly string[]) {
  const doubled = args.map((argument) => argument.replace(/^-(?=[a-z][a-z-]+(?:=|$))/, '--'));
  const { values, positionals } = parse(doubled);
  const flags: GlobalFlags = {
    config: values.config ?? '/etc/containerd/config.toml',
    level: values['log-level'],
    address: values.address,
    root: values.root,
    state: values.state,
  };
  return { values, positionals, flags };
}

/** Whether these are flags alone, none of which lacks its value. */
function isFlags(args: readonly string[]): boolean {
  try {
    return parseFlags(args).positionals.length === 0;
  } catch {
    return false;
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: publishOptions, allowPositionals: true, strict: true });
  } catch (error) {
    throw new KindError('invalid-argument', error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** What `--help` prints. */
export const usage = `Usage: gantry [flags] [command]

Without a command the daemon runs in the foreground.

Commands:
  config default   print the configuration without a file
  config dump      print the configuration with its imports
  config migrate   print the configuration as the newest version
  publish          publish an event that is read from stdin (a google.protobuf.Any)
  oci-hook         run a hook of an OCI runtime

Flags:
  -c, --config FILE       configuration (default "/etc/containerd/config.toml")
  -l, --log-level LEVEL   trace, debug, info, warn, error, fatal, panic
  -a, --address PATH      gRPC socket
      --root DIRECTORY    what survives a reboot
      --state DIRECTORY   what does not
  -h, --help              print this
  -v, --version           print the version

Flags of publish:
      --topic TOPIC       of the event
      --namespace NAME    to publish to
`;
