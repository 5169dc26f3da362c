import { chmodSync, copyFileSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { peers } from './peers.ts';

/** Makes a root filesystem with busybox in a directory, without any image: for `ctr run --rootfs`. Returns its path. */
export function busyboxRootfs(directory: string): string {
  const rootfs = join(directory, 'rootfs');
  for (const name of ['bin', 'proc', 'dev', 'sys', 'tmp', 'run', 'etc'])
    mkdirSync(join(rootfs, name), { recursive: true });
  copyFileSync(peers.busybox(), join(rootfs, 'bin', 'busybox'));
  chmodSync(join(rootfs, 'bin', 'busybox'), 0o755);
  for (const name of ['sh', 'echo', 'sleep', 'true', 'cat']) symlinkSync('busybox', join(rootfs, 'bin', name));
  return rootfs;
}
