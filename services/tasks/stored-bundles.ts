import { readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { validateIdentifier } from '../../pkg/identifiers/validate-identifier.ts';
import type { Logger } from '../../pkg/log/logger.ts';
import { isSystemError } from '../../pkg/sys/system-error.ts';
import { Bundle, removeBundleDirectory, type BundleRoots } from './bundle.ts';

/**
 * The bundles that an earlier daemon made. Removes what it was about to make or to remove, under hidden names, and empty directories.
 *
 * The directories are the daemon's own: it has made sure of that before.
 */
export async function storedBundles(roots: BundleRoots, log: Logger): Promise<readonly Bundle[]> {
  const namespaces = await directories(roots.state);
  const bundles = await Promise.all(namespaces.map((namespace) => bundlesOf(roots, namespace, log)));
  return bundles.flat();
}

/** Removes work directories whose bundle is gone; those of hidden bundles among them. */
export async function removeWorkDirectories(
  roots: BundleRoots,
  bundles: readonly Bundle[],
  log: Logger,
): Promise<void> {
  const wanted = new Set(bundles.map(({ workPath }) => workPath));
  for (const namespace of await directories(roots.root)) {
    for (const id of await directories(join(roots.root, namespace), true)) {
      const path = join(roots.root, namespace, id);
      if (wanted.has(path) || !isIdentifier(namespace) || !isIdentifier(id)) continue;
      await rm(path, { recursive: true, force: true }).catch((error: unknown) => {
        log.warn('work directory cannot be removed', { path, error });
      });
    }
  }
}

async function bundlesOf(roots: BundleRoots, namespace: string, log: Logger): Promise<readonly Bundle[]> {
  const names = await directories(join(roots.state, namespace), true);
  const hidden = names.filter((name) => name.startsWith('.'));
  await Promise.all(
    hidden.map(async (name) => {
      const path = join(roots.state, namespace, name);
      await removeBundleDirectory(path).catch((error: unknown) => {
        log.warn('removing what an earlier daemon left failed', { path, error });
      });
    }),
  );
  const valid = names.filter((name) => !name.startsWith('.') && isIdentifier(namespace) && isIdentifier(name));
  const bundles = valid.map((id) => new Bundle(roots, namespace, id));
  const empty = await Promise.all(bundles.map(({ path }) => removedWhenEmpty(path)));
  return bundles.filter((_bundle, index) => empty[index] !== true);
}

async function directories(path: string, hidden = false): Promise<string[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory() && (hidden || !entry.name.startsWith('.')))
      .map(({ name }) => name);
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return [];
    throw error;
  }
}

async function removedWhenEmpty(path: string): Promise<boolean> {
  try {
    await rmdir(path);
    return true;
  } catch {
    return false;
  }
}

function isIdentifier(name: string): boolean {
  try {
    validateIdentifier(name);
    return true;
  } catch {
    return false;
  }
}
