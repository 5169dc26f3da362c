import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A shim that serves sandboxes, and tasks in them that have no processes: an executable in `directory`, where it also writes down what it
 * is asked, and has its sockets. A sandbox whose id contains `nocreate` or `nostart` fails there; one that contains `old` says that its
 * version is 2.
 */
export class SandboxShimScript {
  readonly path: string;
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
    this.path = join(directory, 'containerd-shim-sandboxed-v2');
    const program = join(import.meta.dirname, 'sandbox-shim.ts');
    mkdirSync(directory, { recursive: true });
    writeFileSync(this.path, `#!/bin/sh\nexec '${process.execPath}' '${program}' '${directory}' "$@"\n`);
    chmodSync(this.path, 0o755);
  }

  /** What the shim was asked, oldest first: commands by their name, calls as `Method {…}`. */
  get calls(): readonly string[] {
    return existsSync(this.callsFile) ? readFileSync(this.callsFile, 'utf8').trim().split('\n') : [];
  }

  /** The file that they are written to. */
  get callsFile(): string {
    return join(this.#directory, 'calls');
  }

  /** The process that serves an id. */
  pid(id: string): number {
    return Number(readFileSync(join(this.#directory, `${id}.pid`), 'utf8'));
  }
}
