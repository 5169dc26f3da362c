// A shim whose task is make-believe and that does everything right but one thing: DIRECTORY METHOD FAULT -namespace NS … -id ID …
// start. Run by the script that `faulty-task-shim-script.ts` writes.
import { rmSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import {
  ConnectResponse,
  CreateTaskResponse,
  DeleteResponse,
  StartResponse,
  StateResponse,
  WaitResponse,
} from '../../api/gen/containerd/task/v3/task.ts';
import { Status } from '../../api/gen/containerd/v1/types/types.ts';
import { Request, Response } from '../../api/gen/ttrpc/request.ts';
import { encodeFrame, frameType } from '../../api/ttrpc/frame.ts';
import { FrameDecoder } from '../../api/ttrpc/frame-decoder.ts';
import { computedSocket } from '../../services/tasks/shim-address.ts';

const [directory = '', faultyMethod = '', fault = '', ...args] = process.argv.slice(2);
const argument = (name: string): string => args[args.indexOf(name) + 1] ?? '';
const socketPath = computedSocket(directory, argument('-address'), argument('-namespace'), argument('-id'));

let status: Status = Status.UNKNOWN;
const ended = Promise.withResolvers<void>();
const empty = new Uint8Array();

const notFound = { code: 5, message: 'no such task: not found', details: [] };

/** What each method answers. */
const answers: Readonly<Record<string, () => Uint8Array | Promise<Uint8Array>>> = {
  Create() {
    status = Status.CREATED;
    return CreateTaskResponse.encode({ pid: process.pid }).finish();
  },
  Start() {
    status = Status.RUNNING;
    return StartResponse.encode({ pid: process.pid }).finish();
  },
  State: () => StateResponse.encode(StateResponse.fromPartial({ pid: process.pid, status })).finish(),
  Connect: () =>
    ConnectResponse.encode({
      shimPid: process.pid,
      taskPid: status === Status.UNKNOWN ? 0 : process.pid,
      version: '3',
    }).finish(),
  Kill() {
    status = Status.STOPPED;
    ended.resolve();
    return empty;
  },
  async Wait() {
    await ended.promise;
    return WaitResponse.encode(WaitResponse.fromPartial({ exitStatus: 137 })).finish();
  },
  Delete() {
    status = Status.UNKNOWN;
    return DeleteResponse.encode(DeleteResponse.fromPartial({ pid: process.pid, exitStatus: 137 })).finish();
  },
  Shutdown() {
    rmSync(socketPath);
    setImmediate(() => process.exit(0));
    return empty;
  },
};

function misbehave(socket: Socket, stream: number): void {
  const answer = (payload: Uint8Array): void => {
    socket.write(encodeFrame({ stream, type: frameType.response, flags: 0 }, (writer) => writer.raw(payload)));
  };
  if (fault === 'dies') process.exit(1);
  if (fault === 'stays') answer(Response.encode({ status: undefined, payload: empty }).finish());
  if (fault === 'hangs-up') socket.destroy();
  if (fault === 'garbage') socket.write('HTTP/1.1 400 Bad Request\r\n\r\nwhat did you say, please?');
  if (fault === 'no-message') answer(Buffer.from([0xff, 0xff, 0xff]));
  if (fault === 'wrong-type')
    answer(Response.encode({ status: undefined, payload: Buffer.from([0x0a, 0x80]) }).finish());
  if (fault === 'huge') {
    const head = Buffer.from(encodeFrame({ stream, type: frameType.response, flags: 0 }));
    head.writeUInt32BE(0xffff_ffff, 0);
    socket.write(head);
  }
  // And `hangs` says nothing.
}

async function answerRequest(socket: Socket, stream: number, { method }: Request): Promise<void> {
  if (method === faultyMethod) {
    misbehave(socket, stream);
    return;
  }
  const answer =
    status !== Status.UNKNOWN || ['Create', 'Connect', 'Shutdown'].includes(method) ? answers[method] : undefined;
  const response = answer ? { status: undefined, payload: await answer() } : { status: notFound, payload: empty };
  const head = { stream, type: frameType.response, flags: 0 };
  socket.write(encodeFrame(head, (writer) => Response.encode(response, writer)));
}

const server = createServer((socket) => {
  socket.on('error', () => undefined);
  const decoder = new FrameDecoder({
    frame: ({ stream, payload }) => void answerRequest(socket, stream, Request.decode(payload)),
    oversized: () => undefined,
  });
  socket.on('data', (chunk) => decoder.push(chunk));
});
server.listen(socketPath, () => writeFileSync('ready', `unix://${socketPath}\n`));
