import { readSync } from 'node:fs';
import { Socket } from 'node:net';
import { native } from './native.ts';

/** What to start. */
export interface SpawnOptions {
  /** Absolute path; there is no search in PATH. */
  readonly file: string;
  /** Without the program's own name: argv is `[file, ...args]`. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** A descriptor, which stays the caller's, or bytes; /dev/null when missing. */
  readonly stdin?: number | Uint8Array;
  /** A descriptor, or `collect` to have the output in the exit; /dev/null when missing. */
  readonly stdout?: number | 'collect';
  /** The same; `merge` sends it where stdout goes. */
  readonly stderr?: number | 'collect' | 'merge';
  readonly newProcessGroup?: boolean;
  /** More descriptors, by the number that the child sees. */
  readonly extraFds?: readonly { readonly child: number; readonly fd: number }[];
  /** Bytes kept of each collected output; what comes after is read and dropped. 1 MiB when missing. */
  readonly maxOutput?: number;
  /** Called once when a collected output grows beyond `maxOutput` while the process runs: it may be endless, and reading costs. */
  readonly onOverflow?: () => void;
}

/** How a process ended. */
export interface ProcessExit {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly signal: number | null;
  /** Empty unless collected. */
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/** A running child. */
export interface SpawnedProcess {
  readonly pid: number;
  /** Settles when the process itself has ended, with what it had written by then; children of its own are not waited for. */
  readonly exited: Promise<ProcessExit>;
  /** Sends a signal; nothing happens once the process has ended. Never reaches a process that got its pid later. */
  kill(signal: number): void;
}

const defaultMaxOutput = 1024 * 1024;

/** Gathers what comes out of a pipe. */
class Collector {
  readonly #fd: number;
  readonly #socket: Socket;
  readonly #chunks: Buffer[] = [];
  #room: number;
  #open = true;
  #onOverflow: (() => void) | undefined;

  constructor(fd: number, limit: number, onOverflow: (() => void) | undefined) {
    this.#fd = fd;
    this.#room = limit;
    this.#onOverflow = onOverflow;
    this.#socket = new Socket({ fd, readable: true, writable: false });
    this.#socket.on('data', (chunk: Buffer) => this.#keep(chunk));
    // A pipe's reading end has no failures but its end.
    this.#socket.on('error', () => undefined);
    this.#socket.on('close', () => (this.#open = false));
  }

  #keep(chunk: Buffer): void {
    if (this.#room > 0) this.#chunks.push(chunk.length > this.#room ? chunk.subarray(0, this.#room) : chunk);
    this.#room = Math.max(this.#room - chunk.length, -1);
    if (this.#room >= 0) return;
    this.#onOverflow?.();
    this.#onOverflow = undefined;
  }

  /** Takes what is in the pipe now, and closes it: a child of the child that holds its other end would keep it open for ever. */
  finish(): Buffer {
    const chunk = Buffer.allocUnsafe(65536);
    this.#onOverflow = undefined;
    try {
      // Bounded: a grandchild that writes without end must not hold us here.
      for (let turns = 0; this.#open && turns < 64; turns++) {
        const count = readSync(this.#fd, chunk);
        if (count === 0) break;
        this.#keep(Buffer.from(chunk.subarray(0, count)));
      }
    } catch {
      // EAGAIN: the pipe is empty.
    }
    this.#socket.destroy();
    return Buffer.concat(this.#chunks);
  }
}

/** The descriptors of one start, and those of them that are ours to close. */
class Wiring {
  readonly pairs: number[] = [];
  readonly #children: number[] = [];
  readonly #ours: number[] = [];

  #pipe(): [number, number] {
    return native.pipe();
  }

  /** A pipe that the child reads; returns our end. */
  input(): number {
    const [read, write] = this.#pipe();
    this.#children.push(read);
    this.#ours.push(write);
    this.pairs.push(0, read);
    return write;
  }

  /** A pipe that the child writes; returns our end. */
  output(child: number): number {
    const [read, write] = this.#pipe();
    this.#children.push(write);
    this.#ours.push(read);
    this.pairs.push(child, write);
    return read;
  }

  source(child: number): number {
    return this.pairs[this.pairs.indexOf(child) + 1] ?? -1;
  }

  closeChildEnds(): void {
    for (const fd of this.#children) native.close(fd);
  }

  closeOurEnds(): void {
    for (const fd of this.#ours) native.close(fd);
  }
}

interface Ends {
  readonly stdin?: number;
  readonly stdout?: number;
  readonly stderr?: number;
}

function wire(wiring: Wiring, options: SpawnOptions): Ends {
  const ends: { -readonly [K in keyof Ends]: Ends[K] } = {};
  if (options.stdin instanceof Uint8Array) ends.stdin = wiring.input();
  else wiring.pairs.push(0, options.stdin ?? -1);
  if (options.stdout === 'collect') ends.stdout = wiring.output(1);
  else wiring.pairs.push(1, options.stdout ?? -1);
  const stdout = wiring.pairs[3] ?? -1;
  if (options.stderr === 'collect') ends.stderr = wiring.output(2);
  else wiring.pairs.push(2, options.stderr === 'merge' ? stdout : (options.stderr ?? -1));
  for (const { child, fd } of options.extraFds ?? []) wiring.pairs.push(child, fd);
  return ends;
}

function feed(fd: number, data: Uint8Array): Socket {
  const socket = new Socket({ fd, readable: false, writable: true });
  // A child that does not read all of its input is free to do so (EPIPE).
  socket.on('error', () => undefined);
  socket.end(data);
  return socket;
}

function start(wiring: Wiring, options: SpawnOptions): { pid: number; pidfd: number } {
  const environment = Object.entries(options.env).map(([name, value]) => `${name}=${value}`);
  const argv = [options.file, ...options.args];
  const fds = Int32Array.from(wiring.pairs);
  return native.spawn(options.file, argv, environment, options.cwd ?? null, fds, options.newProcessGroup ?? false);
}

/**
 * Starts a program with vfork semantics: in well under a millisecond, whatever the size of the daemon's memory.
 *
 * The child has default signal dispositions, an empty signal mask, the umask and the limits that the daemon was
 * started with (see `native/lib/start-conditions`), and no descriptors but those named. Its exit is learnt from a
 * pidfd. The caller closes descriptors that it passed in.
 *
 * @throws SystemError at once when the program cannot be run: `ENOENT`, `EACCES`, with `syscall` `execve`,
 * `chdir`, `clone` or the like. Nothing is left then.
 *
 * @example
 * const { exited } = spawnProcess({ file: '/usr/sbin/runc', args: ['--version'], env: {}, stdout: 'collect' });
 * const { code, stdout } = await exited;
 */
export function spawnProcess(options: SpawnOptions): SpawnedProcess {
  const wiring = new Wiring();
  let child: { pid: number; pidfd: number };
  let ends: Ends;
  try {
    ends = wire(wiring, options);
    child = start(wiring, options);
  } catch (error) {
    wiring.closeOurEnds();
    throw error;
  } finally {
    wiring.closeChildEnds();
  }
  const limit = options.maxOutput ?? defaultMaxOutput;
  const stdin =
    ends.stdin !== undefined && options.stdin instanceof Uint8Array ? feed(ends.stdin, options.stdin) : undefined;
  const { onOverflow } = options;
  const stdout = ends.stdout === undefined ? undefined : new Collector(ends.stdout, limit, onOverflow);
  const stderr = ends.stderr === undefined ? undefined : new Collector(ends.stderr, limit, onOverflow);
  let running = true;
  const exited = new Promise<ProcessExit>((resolve, reject) => {
    native.watchExit(child.pidfd, (errno, code, signal) => {
      running = false;
      native.close(child.pidfd);
      stdin?.destroy();
      const output = { stdout: stdout?.finish() ?? Buffer.alloc(0), stderr: stderr?.finish() ?? Buffer.alloc(0) };
      if (errno !== 0) reject(new Error(`wait for process ${child.pid} (${options.file}): errno ${errno}`));
      else resolve({ code: code < 0 ? null : code, signal: signal < 0 ? null : signal, ...output });
    });
  });
  const kill = (signal: number): void => {
    if (running) native.pidfdSendSignal(child.pidfd, signal);
  };
  return { pid: child.pid, exited, kill };
}
