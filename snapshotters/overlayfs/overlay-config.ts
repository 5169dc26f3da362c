import { KindError } from '../../pkg/errors/kind-error.ts';

/** The plugin's settings, with containerd's names and meanings. */
export interface OverlayConfig {
  /** Where the snapshots are; empty for the plugin's own directory. */
  readonly rootPath: string;
  /** Show the upper directory as the label `containerd.io/snapshot/overlay.upperdir`. */
  readonly upperdirLabel: boolean;
  /** Remove directories with the record instead of at the next cleanup. */
  readonly syncRemove: boolean;
  /** Further options of every overlay mount. */
  readonly mountOptions: readonly string[];
}

/** What `config default` prints. */
export const overlayConfigDefaults = {
  root_path: '',
  upperdir_label: false,
  sync_remove: false,
  slow_chown: false,
  mount_options: [],
};

/** @throws KindError `invalid-argument`, naming the key. */
export function parseOverlayConfig(table: Readonly<Record<string, unknown>>): OverlayConfig {
  const wrong = (key: string, wanted: string): KindError =>
    new KindError('invalid-argument', `snapshotter overlayfs: "${key}" must be ${wanted}`);
  const flag = (key: string): boolean => {
    const value = table[key] ?? false;
    if (typeof value !== 'boolean') throw wrong(key, 'true or false');
    return value;
  };
  const { root_path: rootPath = '', mount_options: mountOptions = [] } = table;
  if (typeof rootPath !== 'string' || (rootPath !== '' && !rootPath.startsWith('/'))) {
    throw wrong('root_path', 'an absolute path or empty');
  }
  if (!isStrings(mountOptions)) throw wrong('mount_options', 'a list of strings');
  return { rootPath, upperdirLabel: flag('upperdir_label'), syncRemove: flag('sync_remove'), mountOptions };
}

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
