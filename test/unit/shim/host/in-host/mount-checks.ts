import { host } from '../../../../../shim/host/host.ts';
import { type Check, equal, fails } from './checks.ts';

const flags = { readOnly: 1, remount: 32, bind: 4096, detach: 2 } as const;

const mounts = (): string => host.decodeUtf8(host.readFile('/proc/self/mounts', 1 << 20));
const put = (path: string): void => host.writeFile(path, host.encodeUtf8('x'), 0o600, false);

/** These run in a mount namespace of their own. */
export const mountChecks: readonly Check[] = [
  {
    name: 'filesystems and binds are mounted and unmounted',
    run: (directory) => {
      const [source, target] = [`${directory}/source`, `${directory}/target`];
      host.makeDirectory(source, 0o755);
      host.makeDirectory(target, 0o755);
      host.mount('none', source, 'tmpfs', 0, 'size=1m,mode=0750', null);
      equal(host.status(source).mode & 0o7777, 0o750);
      put(`${source}/file`);
      host.mount(source, target, null, flags.bind, null, null);
      host.mount('none', target, null, flags.bind | flags.remount | flags.readOnly, null, null);
      fails('EROFS', () => put(`${target}/other`));
      equal(host.readDirectory(target), ['file']);
      host.unmount(target, 0);
      host.unmount(source, flags.detach);
      equal(mounts().includes(directory), false);
      fails('EINVAL', () => host.unmount(source, 0));
      fails('ENODEV', () => host.mount('none', source, 'nosuchfs', 0, null, null));
    },
  },
  {
    name: 'relative directories of an overlay are taken from the directory that is named',
    run: (directory) => {
      host.mount('none', directory, 'tmpfs', 0, null, null);
      for (const name of ['lower', 'upper', 'work', 'merged']) host.makeDirectory(`${directory}/${name}`, 0o755);
      put(`${directory}/lower/file`);
      const here = host.readLink('/proc/self/cwd');
      host.mount(
        'overlay',
        `${directory}/merged`,
        'overlay',
        0,
        'lowerdir=lower,upperdir=upper,workdir=work',
        directory,
      );
      equal(host.readDirectory(`${directory}/merged`), ['file']);
      equal(host.readLink('/proc/self/cwd'), here);
      host.unmount(`${directory}/merged`, 0);
      host.mountByParameters('none', `${directory}/merged`, 'tmpfs', 1, ['size', '64k', 'mode', '0711']);
      equal(host.status(`${directory}/merged`).mode & 0o7777, 0o711);
      fails('EROFS', () => put(`${directory}/merged/file`));
      host.unmount(`${directory}/merged`, 0);
      fails('EINVAL', () => host.mountByParameters('none', directory, 'tmpfs', 0, ['nonsense', '']));
      fails('ENODEV', () => host.mountByParameters('none', directory, 'nosuchfs', 0, []));
      host.unmount(directory, flags.detach);
    },
  },
];
