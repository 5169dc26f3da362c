import { open } from 'node:fs/promises';
import { Socket } from 'node:net';
import { KindError } from '../../pkg/errors/kind-error.ts';
import type { StreamProcessor } from '../../pkg/plugin/stream-processor.ts';
import { makePipe } from '../../pkg/sys/make-pipe.ts';
import type { OwnedDescriptor } from '../../pkg/sys/owned-descriptor.ts';
import { spawnProcess, type SpawnedProcess } from '../../pkg/sys/spawn-process.ts';
import { findProgram } from './find-program.ts';
import type { ProcessorStep } from './stream-processors.ts';

const sigkill = 9;
const sigpipe = 13;
/** How long programs whose output nobody reads any more may take to end. */
const graceMilliseconds = 10_000;
/** Characters of a program's complaints that an error repeats. */
const maxShown = 2048;
const maxOutput = 64 * 1024;

interface Running {
  readonly id: string;
  readonly process: SpawnedProcess;
}

/**
 * Programs in a row, each reading what the one before writes; the first reads a file. Bytes go from program to program without
 * passing through the daemon.
 *
 * @example
 * await using stream = await ProcessedStream.start(blobFile, steps, payloads, signal);
 * await read(stream.path);
 * await stream.finish();
 */
export class ProcessedStream implements AsyncDisposable {
  readonly #running: Running[] = [];
  readonly #signal: AbortSignal | undefined;
  /** The last program's output. */
  #output: OwnedDescriptor | undefined;
  readonly #kill = (): void => {
    for (const { process } of this.#running) process.kill(sigkill);
  };

  private constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
    signal?.addEventListener('abort', this.#kill, { once: true });
  }

  /**
   * @param payloads by the processors' names: encoded `google.protobuf.Any`, which the program reads from descriptor 3
   * @throws KindError `unknown` when a program is not there or cannot be run; nothing runs then.
   */
  static async start(
    file: string,
    steps: readonly ProcessorStep[],
    payloads: ReadonlyMap<string, Uint8Array>,
    signal: AbortSignal | undefined,
  ): Promise<ProcessedStream> {
    const stream = new ProcessedStream(signal);
    const source = await open(file, 'r');
    try {
      for (const step of steps) {
        const program = await findProgram(step.processor.path, process.env['PATH'] ?? '');
        stream.#start(step, program, payloads.get(step.id), stream.#output?.fd ?? source.fd);
      }
      return stream;
    } catch (error) {
      await stream[Symbol.asyncDispose]();
      const { mediaType = '' } = steps[0] ?? {};
      const reason = error instanceof KindError ? error.detail : error instanceof Error ? error.message : String(error);
      throw new KindError('unknown', `failed to get stream processor for ${mediaType}: ${reason}`, { cause: error });
    } finally {
      await source.close();
    }
  }

  /** Where the last program's output can be opened for reading, until `finish`. */
  get path(): string {
    return `/proc/self/fd/${this.#output?.fd ?? -1}`;
  }

  /** Waits for the programs, whose output was read to its end. @throws KindError `unknown` with what one that failed had to say. */
  async finish(): Promise<void> {
    const failure = await this.#end();
    if (failure !== undefined) throw new KindError('unknown', failure);
  }

  /** Ends the programs; tells of the first that failed for another reason than that nobody reads it. */
  async abandon(): Promise<string | undefined> {
    return await this.#end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end();
  }

  #start(
    { id, processor, mediaType }: ProcessorStep,
    program: string,
    payload: Uint8Array | undefined,
    stdin: number,
  ): void {
    using ends = new DisposableStack();
    const output = makePipe();
    ends.use(output.write);
    const before = this.#output;
    try {
      const extraFds = payload === undefined ? [] : [{ child: 3, fd: ends.use(feed(payload)).fd }];
      const env = { ...environmentOf(processor), STREAM_PROCESSOR_MEDIATYPE: mediaType };
      const options = { file: program, args: processor.args, env, stdin, stdout: output.write.fd, extraFds };
      const process = spawnProcess({ ...options, stderr: 'collect', maxOutput });
      this.#running.push({ id, process });
    } catch (error) {
      output.read[Symbol.dispose]();
      throw error;
    }
    before?.[Symbol.dispose]();
    this.#output = output.read;
  }

  async #end(): Promise<string | undefined> {
    // Whoever still writes gets EPIPE.
    this.#output?.[Symbol.dispose]();
    const timer = setTimeout(this.#kill, graceMilliseconds);
    const exits = await Promise.all(this.#running.map(async ({ id, process }) => ({ id, ...(await process.exited) })));
    clearTimeout(timer);
    this.#signal?.removeEventListener('abort', this.#kill);
    const failed = exits.find(({ code, signal }) => code !== 0 && signal !== sigpipe);
    if (!failed) return undefined;
    const how = failed.code === null ? `was ended by signal ${failed.signal ?? 0}` : `ended with code ${failed.code}`;
    const text = failed.stderr.toString('utf8').trim().slice(0, maxShown);
    return `stream processor "${failed.id}" ${how}${text === '' ? '' : `: ${text}`}`;
  }
}

/** A pipe that bytes are written into, however long its reader takes; its reading end. */
function feed(bytes: Uint8Array): OwnedDescriptor {
  const { read, write } = makePipe();
  const socket = new Socket({ fd: write.fd, readable: false, writable: true });
  // A program that does not read all of its payload is free to do so (EPIPE).
  socket.on('error', () => undefined);
  socket.end(bytes);
  return read;
}

function environmentOf(processor: StreamProcessor): Record<string, string> {
  // Ours are about how the daemon was started, and nobody else's business.
  const own = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !entry[0].startsWith('GANTRY_'),
  );
  const configured = processor.env.map((setting): [string, string] => {
    const cut = setting.indexOf('=');
    return cut < 0 ? [setting, ''] : [setting.slice(0, cut), setting.slice(cut + 1)];
  });
  return Object.fromEntries([...own, ...configured]);
}
