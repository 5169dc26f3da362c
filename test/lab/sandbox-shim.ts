// A shim that serves a sandbox: DIRECTORY -namespace NS … -id ID … start|delete. Run through the script that `SandboxShimScript` writes.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { SandboxDefinition } from '../../api/gen/containerd/runtime/sandbox/v1/sandbox.ts';
import { DeleteResponse, TaskDefinition } from '../../api/gen/containerd/task/v3/task.ts';
import { Status } from '../../api/gen/containerd/v1/types/types.ts';
import { rpcService } from '../../api/rpc/service.ts';
import { listenUnix } from '../../api/transport/listen-unix.ts';
import { SocketStream } from '../../api/transport/socket-stream.ts';
import { TtrpcServer } from '../../api/ttrpc/ttrpc-server.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';

const [directory = '', ...args] = process.argv.slice(2);
const command = args.at(-1);
const argument = (name: string): string => args[args.indexOf(name) + 1] ?? '';
const own = argument('-id');
const hash = createHash('sha256')
  .update(`${argument('-namespace')}/${own}`)
  .digest('hex')
  .slice(0, 12);
const socket = join(directory, hash);

function note(line: string): void {
  appendFileSync(join(directory, 'calls'), `${line}\n`);
}

function noted(method: string, request: object): void {
  const replacer = (_key: string, value: unknown): unknown => {
    if (value instanceof Uint8Array) return Buffer.from(value).toString();
    return value instanceof Map ? Object.fromEntries(value) : value;
  };
  note(`${method} ${JSON.stringify(request, replacer)}`);
}

function start(): void {
  const serving = [process.argv[1] ?? '', directory, ...args.slice(0, -1), 'serve'];
  const child = spawn(process.execPath, serving, { detached: true, stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  child.on('message', () => {
    const version = own.includes('old') ? 2 : 3;
    writeSync(1, JSON.stringify({ version, address: `unix://${socket}`, protocol: 'ttrpc' }));
    process.exit(0);
  });
}

function remove(): void {
  writeSync(1, DeleteResponse.encode(DeleteResponse.fromPartial({ pid: 42, exitStatus: 137 })).finish());
}

const at = { seconds: 1_700_000_000n, nanos: 5 };
const sandboxEnd = Promise.withResolvers<{ exitStatus: number; exitedAt: typeof at }>();
let state = 'none';

const sandboxes = rpcService(SandboxDefinition, {
  createSandbox(request) {
    noted('CreateSandbox', request);
    if (own.includes('nocreate')) throw new KindError('resource-exhausted', 'no room for a sandbox');
    state = 'SANDBOX_NOTREADY';
    return {};
  },
  startSandbox(request) {
    noted('StartSandbox', request);
    if (own.includes('nostart')) throw new KindError('failed-precondition', 'no power');
    state = 'SANDBOX_READY';
    return { pid: 4711, createdAt: at, spec: undefined };
  },
  platform(request) {
    noted('Platform', request);
    return { platform: { os: 'linux', architecture: 'amd64', variant: 'v9', osVersion: 'x', osFeatures: ['y'] } };
  },
  stopSandbox(request) {
    noted('StopSandbox', request);
    state = 'SANDBOX_NOTREADY';
    sandboxEnd.resolve({ exitStatus: 7, exitedAt: at });
    return {};
  },
  async waitSandbox(request) {
    noted('WaitSandbox', request);
    return sandboxEnd.promise;
  },
  sandboxStatus(request) {
    noted('SandboxStatus', request);
    const info: [string, string][] = request.verbose ? [['talkative', 'yes']] : [];
    const status = { sandboxId: request.sandboxId, pid: 4711, state, info: new Map(info) };
    return { ...status, createdAt: at, exitedAt: undefined, extra: undefined };
  },
  pingSandbox: () => ({}),
  shutdownSandbox(request) {
    noted('ShutdownSandbox', request);
    end();
    return {};
  },
  sandboxMetrics(request) {
    noted('SandboxMetrics', request);
    return { metrics: { timestamp: at, id: request.sandboxId, data: { typeUrl: 'lab', value: Uint8Array.of(1) } } };
  },
});

interface FakeTask {
  status: (typeof Status)[keyof typeof Status];
  readonly end: PromiseWithResolvers<void>;
}

const tasks = new Map<string, FakeTask>();

function taskOf(id: string): FakeTask {
  const task = tasks.get(id);
  if (!task) throw new KindError('not-found', `task ${id}`);
  return task;
}

const taskService = rpcService(TaskDefinition, {
  create(request) {
    noted('Create', { id: request.id, bundle: request.bundle.split('/').slice(-3).join('/') });
    tasks.set(request.id, { status: Status.CREATED, end: Promise.withResolvers() });
    return { pid: 100 };
  },
  start({ id }) {
    note(`Start ${id}`);
    taskOf(id).status = Status.RUNNING;
    return { pid: 100 };
  },
  state: ({ id, execId }) => ({
    ...{ id, execId, bundle: '', pid: 100, status: taskOf(id).status, stdin: '', stdout: '', stderr: '' },
    ...{ terminal: false, exitStatus: 3, exitedAt: at },
  }),
  kill({ id }) {
    const task = taskOf(id);
    task.status = Status.STOPPED;
    task.end.resolve();
    return {};
  },
  async wait({ id }) {
    await taskOf(id).end.promise;
    return { exitStatus: 3, exitedAt: at };
  },
  delete({ id }) {
    note(`Delete ${id}`);
    taskOf(id);
    tasks.delete(id);
    return { pid: 100, exitStatus: 3, exitedAt: at };
  },
  pids: ({ id }) => ({ processes: taskOf(id).status === Status.STOPPED ? [] : [{ pid: 100, info: undefined }] }),
  connect: ({ id }) => ({ shimPid: process.pid, taskPid: tasks.has(id) ? 100 : 0, version: 'lab' }),
  shutdown({ id }) {
    note(`Shutdown ${id}`);
    // A shim of one task, which a sandbox is not.
    if (state === 'none' && tasks.size === 0) end();
    return {};
  },
});

/** After the answer is on its way. */
function end(): void {
  setTimeout(() => process.exit(0), 50);
}

async function serve(): Promise<void> {
  const server = new TtrpcServer([sandboxes, taskService]);
  await listenUnix({ path: socket, mode: 0o600, uid: 0, gid: 0 }, (connection) => {
    server.serve(new SocketStream(connection));
  });
  writeFileSync(join(directory, `${own}.pid`), String(process.pid));
  process.send?.('ready');
}

if (command !== 'serve') note(String(command));
if (command === 'start') start();
else if (command === 'serve') await serve();
else remove();
