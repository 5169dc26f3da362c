/** What a shim is called with. */
export interface CommandLine {
  readonly debug: boolean;
  /** `-v`, `-version`. */
  readonly version: boolean;
  readonly info: boolean;
  readonly namespace: string;
  /** Of the task. */
  readonly id: string;
  /** The path of a socket to serve, where the shim is started without an action. */
  readonly socket: string;
  readonly bundle: string;
  /** The daemon's gRPC socket. */
  readonly address: string;
  /** Old shims ran it to publish events; we do not. */
  readonly publishBinary: string;
  /** `start`, `delete`, or empty. */
  readonly action: string;
}

const switches = ['debug', 'version', 'info'] as const;
const texts = ['namespace', 'id', 'socket', 'bundle', 'address', 'publishBinary', 'debugSocket'] as const;

type Switch = (typeof switches)[number];
type Text = (typeof texts)[number];

/** Names on the command line that are not the member's own. */
const names: Readonly<Record<string, Switch | Text>> = {
  v: 'version',
  'publish-binary': 'publishBinary',
  'debug-socket': 'debugSocket',
};

/** As Go's `strconv.ParseBool` reads them. */
const truths: ReadonlyMap<string, boolean> = new Map([
  ...['1', 't', 'T', 'TRUE', 'true', 'True'].map((word): [string, boolean] => [word, true]),
  ...['0', 'f', 'F', 'FALSE', 'false', 'False'].map((word): [string, boolean] => [word, false]),
]);

/**
 * Reads a shim's command line as Go's `flag` package does: one dash or two, a value behind `=` or as the next argument, switches with a
 * value behind `=` alone; flags end at the first argument that is none, or behind `--`. That argument is the action.
 *
 * @param args without the program's name
 * @throws Error with Go's words for a flag that is unknown or lacks its value.
 */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const flags: Record<Switch, boolean> = { debug: false, version: false, info: false };
  const values: Record<Text, string> = {
    namespace: '',
    id: '',
    socket: '',
    bundle: '',
    address: '',
    publishBinary: '',
    debugSocket: '',
  };
  let at = 0;
  for (; at < args.length; at++) {
    const [dashes, name = '', value] = /^(--?)([^=]*)(?:=(.*))?$/s.exec(args[at] ?? '')?.slice(1) ?? [];
    if (dashes === undefined || (dashes === '-' && name === '' && value === undefined)) break;
    if (name === '' && value === undefined) {
      at++;
      break;
    }
    if (name === '' || name.startsWith('-')) throw new Error(`bad flag syntax: ${args[at] ?? ''}`);
    const member = names[name] ?? name;
    if (isOneOf(switches, member)) flags[member] = parseSwitch(name, value);
    else if (!isOneOf(texts, member) || !isKnown(name)) throw new Error(`flag provided but not defined: -${name}`);
    else values[member] = value ?? textBehind(args, ++at, name);
  }
  return { ...flags, ...values, action: args[at] ?? '' };
}

/** `publishBinary` is a member and no flag. */
function isKnown(name: string): boolean {
  return /^[a-z-]+$/.test(name);
}

function parseSwitch(name: string, value: string | undefined): boolean {
  if (value === undefined) return true;
  const truth = truths.get(value);
  if (truth === undefined) throw new Error(`invalid boolean value ${JSON.stringify(value)} for -${name}: parse error`);
  return truth;
}

function textBehind(args: readonly string[], at: number, name: string): string {
  const value = args[at];
  if (value === undefined) throw new Error(`flag needs an argument: -${name}`);
  return value;
}

function isOneOf<T extends string>(list: readonly T[], name: string): name is T {
  return (list as readonly string[]).includes(name);
}
