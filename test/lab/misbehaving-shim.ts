// A shim that does something wrong, one thing each: MODE -namespace NS … -id ID … start|delete. Run through the script that
// `misbehaving-shim-script.ts` writes. Everything it is asked to do goes to the file `calls` beside that script.
import { spawn } from 'node:child_process';
import { appendFileSync, writeSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { DeleteResponse } from '../../api/gen/containerd/task/v3/task.ts';
import { computedSocket } from '../../services/tasks/shim-address.ts';

const [directory = '', mode = '', ...args] = process.argv.slice(2);
const command = args.at(-1);
const argument = (name: string): string => args[args.indexOf(name) + 1] ?? '';
const socket = computedSocket(directory, argument('-address'), argument('-namespace'), argument('-id'));

function print(output: string | Uint8Array): never {
  writeSync(1, Buffer.from(output));
  process.exit(0);
}

function forever(): void {
  setInterval(() => undefined, 1 << 30);
}

function remove(): void {
  if (mode === 'delete-hangs') return forever();
  if (mode === 'delete-fails') process.exit(1);
  print(DeleteResponse.encode(DeleteResponse.fromPartial({ pid: 42, exitStatus: 137 })).finish());
}

function start(): void {
  if (mode === 'fails' || mode === 'delete-hangs' || mode === 'delete-fails') {
    writeSync(2, 'no room in the inn');
    process.exit(3);
  }
  if (mode === 'is-silent') process.exit(0);
  if (mode === 'is-killed') process.kill(process.pid, 'SIGKILL');
  if (mode === 'hangs') return forever();
  if (mode === 'talks-nonsense') print('\x08\x01 lorem ipsum\ndolor sit amet');
  if (mode === 'breaks-off') print('{"version":3,"address":"unix:///now');
  if (mode === 'talks-without-end') for (;;) writeSync(1, 'and so on, '.repeat(1000));
  if (mode === 'is-too-new') print('{"version":9,"address":"unix:///nowhere","protocol":"ttrpc"}');
  if (mode === 'is-nowhere') print(`unix://${socket}`);
  // The rest fails later: what serves is a process of its own, as with other shims.
  const child = spawn(process.execPath, [process.argv[1] ?? '', directory, mode, ...args.slice(0, -1), 'serve'], {
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  child.on('message', () => print(`{"version":3,"address":"unix://${socket}","protocol":"ttrpc"}`));
}

function serve(): void {
  const server = createServer((connection) => {
    connection.on('error', () => undefined);
    connection.on('data', () => {
      if (mode === 'dies-when-asked') process.exit(1);
      if (mode === 'answers-garbage') connection.write('HTTP/1.1 400 Bad Request\r\n\r\nwhat did you say, please?');
      if (mode === 'hangs-up') connection.destroy();
      appendFileSync(join(directory, 'calls'), 'asked\n');
    });
  });
  server.listen(socket, () => process.send?.('ready'));
  process.once('disconnect', () => undefined);
}

appendFileSync(join(directory, 'calls'), `${command}\n`);
if (command === 'start') start();
else if (command === 'serve') serve();
else remove();
