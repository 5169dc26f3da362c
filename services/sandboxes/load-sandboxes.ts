import { mkdir } from 'node:fs/promises';
import { kindOf } from '../../pkg/errors/kind-of.ts';
import type { Bundle } from '../tasks/bundle.ts';
import { Deadline } from '../tasks/deadline.ts';
import type { Shim } from '../tasks/shim.ts';
import { removeWorkDirectories, storedBundles } from '../tasks/stored-bundles.ts';
import type { SandboxStore } from './sandbox-store.ts';
import { publishEnd } from './publish-end.ts';
import { ShimSandbox } from './shim-sandbox.ts';
import type { SandboxParts, ShimSandboxController } from './shim-sandbox-controller.ts';

/**
 * Finds the sandboxes of an earlier daemon: all bundles at once, before anything is served. A shim that answers is taken in, unless
 * nobody could know of it: a daemon was killed before it told, so there is no record, and nothing runs in it. What is not
 * taken in is removed in the background, its name reserved until that is done.
 */
export async function loadSandboxes(
  controller: ShimSandboxController,
  store: SandboxStore | undefined,
  parts: SandboxParts,
): Promise<void> {
  for (const path of [parts.roots.state, parts.roots.root]) await mkdir(path, { recursive: true, mode: 0o700 });
  const bundles = await storedBundles(parts.roots, parts.log);
  await Promise.all(bundles.map((bundle) => load(bundle, controller, store, parts)));
  await removeWorkDirectories(parts.roots, bundles, parts.log);
}

async function load(
  bundle: Bundle,
  controller: ShimSandboxController,
  store: SandboxStore | undefined,
  parts: SandboxParts,
): Promise<void> {
  const { shims, timeouts, log, events } = parts;
  const { id, namespace } = bundle;
  using deadline = new Deadline(timeouts.load, `loading sandbox "${id}"`);
  let shim: Shim | undefined;
  try {
    shim = await shims.attach(bundle, deadline.signal);
    // A shim that hangs is known by this; every shim serves it.
    await shim.client.call('connect', { id }, deadline.signal);
    if ((await hasRecord(store, bundle)) || (await hasProcesses(shim, deadline.signal))) {
      controller.adopt(new ShimSandbox(shim));
      return;
    }
    log.info('sandbox of an earlier daemon was never made known, removing it', { id, namespace });
    const unknown = new ShimSandbox(shim);
    controller.clear(bundle, async () => {
      using end = new Deadline(timeouts.shutdown, `shutdown of sandbox "${id}"`);
      await unknown.client
        .shutdownSandbox({ sandboxId: id }, { namespace, signal: end.signal })
        .catch((error: unknown) => log.warn('sandbox cannot be shut down', { id, namespace, error }));
      unknown.shim[Symbol.dispose]();
      await shims.remove(bundle, { kill: 'everything', address: unknown.shim.address });
    });
  } catch (error) {
    log.warn('sandbox of an earlier daemon cannot be loaded, removing what it left', { id, namespace, error });
    shim?.[Symbol.dispose]();
    controller.clear(bundle, async () => {
      const neverTold = shim === undefined && (await bundle.readAddress().catch(() => undefined)) === undefined;
      const kill = neverTold ? 'everything' : 'shim';
      const response = await shims.remove(bundle, { kill, unnamed: neverTold, address: shim?.address });
      if (!neverTold) publishEnd(events, bundle, response);
    });
  }
}

async function hasRecord(store: SandboxStore | undefined, { namespace, id }: Bundle): Promise<boolean> {
  // Without the store nothing can be said of it.
  if (!store) return true;
  try {
    await store.get({ namespace }, id);
    return true;
  } catch (error) {
    if (kindOf(error) === 'not-found') return false;
    throw error;
  }
}

async function hasProcesses({ client, bundle }: Shim, signal: AbortSignal): Promise<boolean> {
  try {
    const { processes } = await client.call('pids', { id: bundle.id }, signal);
    return processes.length > 0;
  } catch (error) {
    // A shim that cannot say keeps what it may have.
    return kindOf(error) !== 'not-found';
  }
}
