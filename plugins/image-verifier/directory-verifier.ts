import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { KindError } from '../../pkg/errors/kind-error.ts';
import type { Logger } from '../../pkg/log/logger.ts';
import type { Descriptor } from '../../pkg/oci/descriptor.ts';
import { type ProcessExit, spawnProcess } from '../../pkg/sys/spawn-process.ts';
import type { ImageVerifier, Judgement } from '../../services/transfer/image-verifier.ts';

/** The programs of a directory, and their limits. */
export interface DirectoryVerifierConfig {
  readonly directory: string;
  /** Below 0 for all that there are. */
  readonly maxVerifiers: number;
  /** Milliseconds for each. */
  readonly timeout: number;
}

/** What is kept of a program's output, in bytes. */
const maxOutput = 32 << 10;

const sigkill = 9;

/**
 * Runs every program of a directory, by name: `PROGRAM -name NAME -digest DIGEST -stdin-media-type
 * application/vnd.oci.descriptor.v1+json` with the descriptor as JSON on its stdin. All must exit with 0; what the first that does
 * not has printed is the reason of the refusal. Where there is no directory, or nothing in it, everything may be pulled.
 */
export class DirectoryVerifier implements ImageVerifier {
  readonly #config: DirectoryVerifierConfig;
  readonly #log: Logger;

  constructor(config: DirectoryVerifierConfig, log: Logger) {
    this.#config = config;
    this.#log = log;
  }

  async verify(name: string, target: Descriptor, signal?: AbortSignal): Promise<Judgement> {
    const { directory, maxVerifiers } = this.#config;
    const programs = await listPrograms(directory);
    if (programs === undefined) return { ok: true, reason: `image verifier directory ${directory} does not exist` };
    if (programs.length === 0) return { ok: true, reason: `no image verifier binaries found in ${directory}` };
    const chosen = maxVerifiers < 0 ? programs : programs.slice(0, maxVerifiers);
    if (chosen.length < programs.length) {
      const entries = programs.length;
      this.#log.warn('image verifiers are being skipped: there are more than max_verifiers', { directory, entries });
    }
    const reasons: string[] = [];
    for (const program of chosen) {
      const { code, reason } = await this.#run(program, name, target, signal);
      if (code !== 0) {
        return { ok: false, reason: `verifier ${program} rejected image (exit code ${code}): ${reason}` };
      }
      reasons.push(`${program} => ${reason}`);
    }
    return { ok: true, reason: reasons.join(', ') };
  }

  async #run(
    program: string,
    name: string,
    target: Descriptor,
    signal: AbortSignal | undefined,
  ): Promise<{ code: number; reason: string }> {
    const { directory, timeout } = this.#config;
    const fail = (why: string, cause?: unknown): never => {
      throw new KindError('unknown', `failed to call verifier ${program}: ${why}`, { cause });
    };
    const limit = AbortSignal.any([AbortSignal.timeout(timeout), ...(signal === undefined ? [] : [signal])]);
    const args = ['-name', name, '-digest', target.digest, '-stdin-media-type', descriptorType];
    const exit = await runGroup(join(directory, program), args, descriptorJson(target), limit).catch((error: unknown) =>
      fail(error instanceof Error ? error.message : String(error), error),
    );
    signal?.throwIfAborted();
    this.#logOutput(program, exit.stderr);
    if (limit.aborted) return fail(`no judgement within ${timeout} ms: context deadline exceeded`);
    if (exit.code === null) return fail(`ended by signal ${exit.signal}`);
    return { code: exit.code, reason: reasonFrom(exit.stdout) };
  }

  #logOutput(program: string, stderr: Buffer): void {
    for (const line of stderr.toString().split('\n')) {
      if (line !== '') this.#log.debug(line, { image_verifier: program, stream: 'stderr' });
    }
  }
}

const descriptorType = 'application/vnd.oci.descriptor.v1+json';

/** Runs a program in a group of its own, which is killed when the signal is aborted. */
async function runGroup(
  file: string,
  args: readonly string[],
  stdin: Uint8Array,
  signal: AbortSignal,
): Promise<ProcessExit> {
  const env: Record<string, string> = {};
  for (const [key, value] of Object.entries(process.env)) if (value !== undefined) env[key] = value;
  const { pid, exited } = spawnProcess({
    file,
    args,
    env,
    stdin,
    stdout: 'collect',
    stderr: 'collect',
    newProcessGroup: true,
    // One more, to see that there is more.
    maxOutput: maxOutput + 1,
  });
  const kill = (): void => {
    try {
      process.kill(-pid, sigkill);
    } catch {
      // All of it has ended.
    }
  };
  signal.addEventListener('abort', kill, { once: true });
  try {
    return await exited;
  } finally {
    signal.removeEventListener('abort', kill);
    // What it started and left behind.
    kill();
  }
}

async function listPrograms(directory: string): Promise<readonly string[] | undefined> {
  try {
    return (await readdir(directory)).sort();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new KindError('unknown', `failed to list directory contents: ${String(error)}`, { cause: error });
  }
}

function reasonFrom(stdout: Buffer): string {
  const text = stdout.subarray(0, maxOutput).toString().trim();
  return stdout.length > maxOutput ? `${text}(stdout truncated)` : text;
}

/** A descriptor in the OCI image spec's JSON, with a line's end. */
function descriptorJson(target: Descriptor): Uint8Array {
  const { mediaType, digest, size, annotations } = target;
  const json = {
    mediaType,
    digest,
    size,
    ...(annotations === undefined || annotations.size === 0 ? {} : { annotations: Object.fromEntries(annotations) }),
  };
  return Buffer.from(`${JSON.stringify(json)}\n`);
}
