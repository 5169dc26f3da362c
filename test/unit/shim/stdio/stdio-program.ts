// A program for the shim's host that does with stdio what a line of JSON on its stdin says; see stdio-host.ts.
import { host } from '../../../../shim/host/host.ts';
import { watchFor } from '../../../../shim/host/watch-for.ts';
import { KindError } from '../../../../pkg/errors/kind-error.ts';
import { openStdio } from '../../../../shim/stdio/open-stdio.ts';
import { parseStdioUri } from '../../../../shim/stdio/parse-stdio-uri.ts';
import type { ProcessStdio, StdioRequest } from '../../../../shim/stdio/process-stdio.ts';

interface Call {
  readonly id: number;
  readonly name: keyof typeof calls;
  readonly io: number;
  readonly args: Arguments;
}

interface Arguments {
  readonly request: StdioRequest;
  readonly text: string;
  readonly file: string;
  readonly argv: readonly string[];
  readonly columns: number;
  readonly rows: number;
  readonly limit: number;
  readonly stream: 'stdout' | 'stderr';
  readonly path: string;
}

const sigchld = 17;
const openForWriting = 1;
const opened = new Map<number, ProcessStdio>();

function ioOf(number: number): ProcessStdio {
  const io = opened.get(number);
  if (!io) throw new Error(`no stdio ${number}`);
  return io;
}

function say(what: object): void {
  let bytes = host.encodeUtf8(`${JSON.stringify(what)}\n`);
  while (bytes.length > 0) bytes = bytes.subarray(host.write(1, bytes));
}

const calls = {
  parse: (_io: number, { text }: Arguments): unknown => parseStdioUri(text),
  open: async (io: number, { request }: Arguments): Promise<unknown> => {
    const stdio = await openStdio(request);
    opened.set(io, stdio);
    return { childFds: stdio.childFds, consoleSocket: stdio.consoleSocket };
  },
  spawn: (io: number, { file, argv }: Arguments): unknown => {
    const [stdin, stdout, stderr] = ioOf(io).childFds;
    return host.spawn(
      file,
      argv,
      ['PATH=/usr/sbin:/usr/bin:/sbin:/bin'],
      null,
      [0, stdin, 1, stdout, 2, stderr],
      false,
    );
  },
  started: async (io: number): Promise<unknown> => ioOf(io).started(),
  closeStdin: (io: number): unknown => ioOf(io).closeStdin(),
  resize: (io: number, { columns, rows }: Arguments): unknown => ioOf(io).resize(columns, rows),
  drained: async (io: number, { limit }: Arguments): Promise<unknown> => ioOf(io).drained(limit),
  handles: (io: number): unknown => ioOf(io).handles(),
  reopen: (io: number): unknown => ioOf(io).log?.reopen(),
  logState: (io: number): unknown => ioOf(io).log?.state(),
  attach: (io: number, { stream, path }: Arguments): unknown => {
    const fd = host.open(path, openForWriting, 0);
    return ioOf(io).log?.attach(stream, fd, (end) => say({ event: 'reader', path, end }));
  },
  dispose: async (io: number): Promise<unknown> => {
    await ioOf(io)[Symbol.asyncDispose]();
    return opened.delete(io);
  },
  descriptors: (): unknown => host.readDirectory('/proc/self/fd').length,
};

async function answer({ id, name, io, args }: Call): Promise<void> {
  try {
    say({ id, value: (await calls[name](io, args)) ?? null });
  } catch (error) {
    const kind = error instanceof KindError ? error.kind : 'none';
    say({ id, error: error instanceof Error ? error.message : String(error), kind });
  }
}

let input = '';
host.becomeSubreaper();
host.onSignal([sigchld], () => {
  for (let child = host.reap(); child !== null; child = host.reap()) say({ event: 'exit', ...child });
});
host.watch(0, watchFor.reading, () => {
  const bytes = host.read(0, 65536);
  if (bytes?.length === 0) host.exit(0);
  input += host.decodeUtf8(bytes ?? new Uint8Array());
  for (let end = input.indexOf('\n'); end >= 0; end = input.indexOf('\n')) {
    void answer(JSON.parse(input.slice(0, end)) as Call);
    input = input.slice(end + 1);
  }
});
