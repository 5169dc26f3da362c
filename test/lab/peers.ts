import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** The ages of containerd that Debian's suites carry, as `scripts/setup` unpacks them. */
export type PeerVersion = '1.6.20' | '1.7.24' | '2.1.9';

const root = join(import.meta.dirname, '..', '..');

function unpacked(directory: string, program: string): string {
  const path = join(root, '.cache', 'peers', directory, program);
  if (!existsSync(path)) throw new Error(`${path} is not there: run "scripts/setup peers"`);
  return path;
}

/** Absolute paths of the real programs that tests meet. Each throws, naming the way out, when it was not set up. */
export const peers = {
  /** Every age, newest first. */
  versions: ['2.1.9', '1.7.24', '1.6.20'] as const satisfies readonly PeerVersion[],
  containerd: (version: PeerVersion): string => unpacked(version, 'containerd'),
  ctr: (version: PeerVersion): string => unpacked(version, 'ctr'),
  shim: (version: PeerVersion): string => unpacked(version, 'containerd-shim-runc-v2'),
  /** runc 1.1.5, or, with `LAB_RUNTIME=crun`, crun 1.8.1 under runc's name: it needs a version 2 cgroup tree (`scripts/setup vm`). */
  runc: (): string => unpacked(process.env['LAB_RUNTIME'] === 'crun' ? 'crun-1.8.1' : 'runc-1.1.5', 'runc'),
  /** CRIU 4.1.1, for checkpoints; runc finds it in PATH. */
  criu: (): string => unpacked('criu-4.1.1', 'criu'),
  registry: (): string => unpacked('registry-2.8.2', 'docker-registry'),
  /** A static busybox, what our images are made of. */
  busybox: (): string => unpacked('busybox', 'busybox'),
  /** The daemon as `make build` leaves it. */
  gantry: (): string => {
    const path = join(root, 'bin', 'gantry');
    if (!existsSync(path)) throw new Error(`${path} is not there: run "make build"`);
    return path;
  },
  /** Our shim as `make build` leaves it. */
  gantryShim: (): string => {
    const path = join(root, 'bin', 'containerd-shim-gantry-v2');
    if (!existsSync(path)) throw new Error(`${path} is not there: run "make build"`);
    return path;
  },
} as const;
