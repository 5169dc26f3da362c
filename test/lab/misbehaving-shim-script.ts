import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a shim does wrong. */
export type Misbehaviour =
  | 'fails'
  | 'is-silent'
  | 'is-killed'
  | 'hangs'
  | 'talks-nonsense'
  | 'talks-without-end'
  | 'breaks-off'
  | 'is-too-new'
  | 'is-nowhere'
  | 'answers-nothing'
  | 'answers-garbage'
  | 'dies-when-asked'
  | 'hangs-up'
  | 'delete-hangs'
  | 'delete-fails';

/** Writes an executable shim that misbehaves; its sockets are in `directory`. @returns its path. */
export function misbehavingShim(directory: string, mode: Misbehaviour): string {
  const path = join(directory, `shim-${mode}`);
  const program = join(import.meta.dirname, 'misbehaving-shim.ts');
  writeFileSync(path, `#!/bin/sh\nexec '${process.execPath}' '${program}' '${directory}' ${mode} "$@"\n`);
  chmodSync(path, 0o755);
  return path;
}

/** The commands that shims of this directory got, oldest first. */
export function callsOf(directory: string): string[] {
  const path = join(directory, 'calls');
  return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : [];
}
