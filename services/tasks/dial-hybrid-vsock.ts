import { once } from 'node:events';
import type { Socket } from 'node:net';
import { errorOfAbort } from '../../api/errors/error-of-abort.ts';
import { dialUnix } from '../../api/transport/dial-unix.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';

/** Answers are like `OK 1073741824`. Bytes. */
const maxAnswer = 64;
const newline = 0x0a;

/**
 * Connects to a port in a virtual machine whose monitor forwards it through a unix socket (Firecracker's and Cloud Hypervisor's way:
 * `CONNECT <port>` and a line that begins with `OK`).
 *
 * @throws KindError `unavailable` when nobody listens or the monitor refuses, the signal's reason.
 */
export async function dialHybridVsock(path: string, port: number, signal: AbortSignal): Promise<Socket> {
  const name = `port ${port} behind "${path}"`;
  const socket = await dialUnix(path, signal);
  const ignore = (): void => undefined;
  socket.on('error', ignore);
  try {
    socket.write(`CONNECT ${port}\n`);
    const answer = await readLine(socket, signal);
    if (!answer.startsWith('OK')) throw new KindError('unavailable', `${name} answers ${JSON.stringify(answer)}`);
    return socket;
  } catch (error) {
    socket.destroy();
    if (signal.aborted) throw errorOfAbort(signal.reason, `dial ${name}`);
    if (error instanceof KindError) throw error;
    throw new KindError('unavailable', `dial ${name} (${String(error)})`, { cause: error });
  } finally {
    socket.off('error', ignore);
  }
}

/** Takes the line alone: what follows belongs to whoever speaks through the socket. */
async function readLine(socket: Socket, signal: AbortSignal): Promise<string> {
  const line: number[] = [];
  for (;;) {
    const byte: unknown = socket.read(1);
    if (Buffer.isBuffer(byte)) {
      if (byte[0] === newline) return Buffer.from(line).toString('latin1').trimEnd();
      line.push(byte[0] ?? 0);
      if (line.length > maxAnswer) throw new Error('answer too long');
    } else if (socket.readableEnded || socket.destroyed) throw new Error('connection closed');
    else await Promise.race([once(socket, 'readable', { signal }), once(socket, 'close', { signal })]);
  }
}
