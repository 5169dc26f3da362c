import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What programs say of themselves. */
export interface BuildVersion {
  /** Of `package.json`. */
  readonly version: string;
  /** The commit that is built; `.m` marks a tree with changes, as containerd's builds do. */
  readonly revision: string;
}

const root = join(import.meta.dirname, '..');

/** Of the tree that this file lies in. */
export function buildVersion(): BuildVersion {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const git = (...args: string[]) => spawnSync('git', args, { cwd: root, encoding: 'utf8' });
  const head = git('rev-parse', 'HEAD');
  if (head.status !== 0) return { version, revision: 'unknown' };
  const revision = head.stdout.trim() + (git('diff', '--quiet', 'HEAD').status === 0 ? '' : '.m');
  return { version, revision };
}
