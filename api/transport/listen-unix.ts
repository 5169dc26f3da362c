import { randomBytes } from 'node:crypto';
import { chmod, chown, lstat, mkdtemp, open, rename, rm, unlink } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { KindError } from '../../pkg/errors/kind-error.ts';

/** Where to listen, and who may connect. */
export interface UnixListenOptions {
  /** At most 107 bytes: the kernel's limit for a socket's name. */
  readonly path: string;
  /** Permission bits of the socket; default 0660. */
  readonly mode?: number;
  /** Owner; default that of the process. Another owner needs root. */
  readonly uid?: number;
  readonly gid?: number;
}

/** A socket that is being listened on; disposing stops that and takes the socket's file away. */
export interface UnixListener extends AsyncDisposable {
  readonly path: string;
}

const maxPath = 107;

/**
 * Listens on a unix socket and hands each connection to `accept`.
 *
 * The socket comes into being in a directory that only we may enter, gets its mode and owner there and is then renamed
 * to its place, so that at no time somebody may connect who must not, whatever the umask is. A socket that
 * somebody left behind is replaced; one that somebody listens on is not.
 *
 * Disposing does not end the connections that were accepted.
 *
 * @throws KindError `already-exists` when the path is in use or no socket, `invalid-argument` when it is too long.
 */
export async function listenUnix(options: UnixListenOptions, accept: (socket: Socket) => void): Promise<UnixListener> {
  const { path } = options;
  if (Buffer.byteLength(path) > maxPath) {
    throw new KindError('invalid-argument', `socket path "${path}" is longer than ${maxPath} bytes`);
  }
  await refuseInUse(path);
  const server = createServer((socket) => {
    // A connection's errors are the business of whoever serves it; without a listener they would end the process.
    socket.on('error', () => undefined);
    accept(socket);
  });
  const directory = await mkdtemp(`${dirname(path)}/.`);
  let handle: FileHandle | undefined;
  try {
    handle = await open(directory);
    await bind(server, handle, options);
    return await OpenListener.open(server, path);
  } catch (error) {
    server.close();
    throw error;
  } finally {
    await handle?.close();
    await rm(directory, { recursive: true, force: true });
  }
}

/** Through the directory's descriptor, since the directory's own path may be too long for a socket's name. */
async function bind(server: Server, directory: FileHandle, options: UnixListenOptions): Promise<void> {
  // Node unlinks this name when the server closes, so it must never name anything else.
  const name = `/proc/self/fd/${directory.fd}/${randomBytes(8).toString('hex')}`;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(name, resolve);
  await promise;
  server.off('error', reject);
  await chown(name, options.uid ?? process.geteuid?.() ?? 0, options.gid ?? process.getegid?.() ?? 0);
  await chmod(name, options.mode ?? 0o660);
  await rename(name, options.path);
}

async function refuseInUse(path: string): Promise<void> {
  const found = await lstat(path).catch(ignoreMissing);
  if (found === undefined) return;
  if (!found.isSocket()) {
    throw new KindError('already-exists', `"${path}" is not a socket; move it away or listen elsewhere: file`);
  }
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const socket = connect(path);
  socket.once('connect', () => resolve(true));
  socket.once('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(false);
    // A full backlog: somebody listens, however slowly.
    else if (error.code === 'EAGAIN') resolve(true);
    else reject(error);
  });
  const used = await promise.finally(() => socket.destroy());
  if (used) throw new KindError('already-exists', `somebody listens on "${path}"; stop it or listen elsewhere: socket`);
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

class OpenListener implements UnixListener {
  readonly path: string;
  readonly #server: Server;
  readonly #inode: bigint;
  #closed: Promise<void> | undefined;

  private constructor(server: Server, path: string, inode: bigint) {
    this.#server = server;
    this.path = path;
    this.#inode = inode;
    // Out of descriptors: the kernel keeps the connection waiting, and the next accept tries again.
    server.on('error', () => undefined);
  }

  static async open(server: Server, path: string): Promise<OpenListener> {
    return new OpenListener(server, path, (await lstat(path, { bigint: true })).ino);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#server.close();
    const found = await lstat(this.path, { bigint: true }).catch(ignoreMissing);
    // A successor may have put its own socket there.
    if (found?.ino === this.#inode) await unlink(this.path).catch(ignoreMissing);
  }
}
