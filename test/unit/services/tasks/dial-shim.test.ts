import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { StateResponse, TaskDefinition } from '../../../../api/gen/containerd/task/v3/task.ts';
import { GrpcServer } from '../../../../api/grpc/grpc-server.ts';
import { rpcService } from '../../../../api/rpc/service.ts';
import { listenUnix } from '../../../../api/transport/listen-unix.ts';
import { SocketStream } from '../../../../api/transport/socket-stream.ts';
import { TtrpcServer } from '../../../../api/ttrpc/ttrpc-server.ts';
import type { ErrorKind } from '../../../../pkg/errors/error-kind.ts';
import { KindError } from '../../../../pkg/errors/kind-error.ts';
import { dialShim } from '../../../../services/tasks/dial-shim.ts';
import { TaskClient } from '../../../../services/tasks/task-client.ts';
import { taskTimeouts } from '../../../../services/tasks/task-timeouts.ts';
import { TemporaryDirectory } from '../../../lab/temporary-directory.ts';
import { uniqueName } from '../../../lab/unique-name.ts';

const never = new AbortController().signal;
const ofKind =
  (kind: ErrorKind) =>
  (error: unknown): boolean =>
    error instanceof KindError && error.kind === kind;

/** A task API that knows `state` alone, and in which namespace it was asked. */
const service = rpcService(TaskDefinition, {
  state: (_request, context) => StateResponse.fromPartial({ pid: 7, id: context.namespace ?? '' }),
});

async function listen(server: Server, path: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(path, resolve);
  await promise;
}

async function ask(address: string, protocol = 'ttrpc'): Promise<void> {
  const channel = await dialShim({ version: 3, address, protocol }, never);
  const client = new TaskClient(channel, { namespace: 'ns', id: 'c1', version: 3, timeouts: taskTimeouts(new Map()) });
  const { pid, id } = await client.call('state', { id: 'c1', execId: '' });
  assert.deepEqual([pid, id], [7, 'ns']);
  client.close();
  await client.closed;
  assert.equal(client.isClosed, true);
  await assert.rejects(client.call('state', { id: 'c1', execId: '' }), /"c1".*unavailable$/);
}

test('a shim is reached over ttrpc by a path, an abstract name, and a port behind a machine monitor', async () => {
  using directory = new TemporaryDirectory();
  const path = join(directory.path, 's');
  await using server = new TtrpcServer([service]);
  await using _listener = await listenUnix({ path }, (socket) => server.serve(new SocketStream(socket)));
  await ask(`unix://${path}`);
  const name = uniqueName('shim');
  const abstract = createServer((socket) => server.serve(new SocketStream(socket)));
  await listen(abstract, `\0${name}`);
  await ask(name);
  abstract.close();
  const monitor = createServer((socket) => {
    socket.once('data', (line) => {
      if (line.toString('latin1') !== 'CONNECT 1024\n') socket.end('ERR no such port\n');
      else {
        socket.write('OK 1073741824\n');
        server.serve(new SocketStream(socket));
      }
    });
  });
  await listen(monitor, join(directory.path, 'm'));
  await ask(`hvsock://${directory.path}/m:1024`);
  const refused = dialShim({ version: 3, address: `hvsock://${directory.path}/m:1`, protocol: 'ttrpc' }, never);
  await assert.rejects(refused, /port 1 behind .* answers "ERR no such port"/);
  monitor.close();
});

test('a shim is reached over gRPC, and its end is seen', async () => {
  using directory = new TemporaryDirectory();
  const path = join(directory.path, 's');
  const server = new GrpcServer([service]);
  await using _listener = await listenUnix({ path }, (socket) => server.serve(socket));
  await ask(`unix://${path}`, 'grpc');
  const channel = await dialShim({ version: 3, address: `unix:${path}`, protocol: 'grpc' }, never);
  const client = new TaskClient(channel, { namespace: 'ns', id: 'c1', version: 3, timeouts: taskTimeouts(new Map()) });
  await client.call('state', { id: 'c1', execId: '' });
  await server[Symbol.asyncDispose]();
  await client.closed;
  await assert.rejects(client.call('state', { id: 'c1', execId: '' }), ofKind('unavailable'));
});

test('what cannot be dialled is refused by name', async () => {
  const dial = (address: string, protocol = 'ttrpc'): Promise<unknown> =>
    dialShim({ version: 3, address, protocol }, never);
  await assert.rejects(dial('vsock://3:1024'), /shim at "vsock:\/\/3:1024": this kind of address/);
  await assert.rejects(
    dial('unix:///nowhere', 'smoke'),
    /protocol "smoke" \(ttrpc and grpc are known\).*not implemented$/,
  );
  await assert.rejects(dial('unix:///nowhere'), ofKind('unavailable'));
  await assert.rejects(dial('hvsock:///nowhere:1'), ofKind('unavailable'));
});
