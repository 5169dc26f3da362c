import type { Logger } from '../../../pkg/log/logger.ts';
import { dropLostIngests } from './clean-up-content.ts';
import { NamespacedContentStore, type NamespacedContentParts } from './namespaced-content-store.ts';

/**
 * Opens the content of all namespaces and sets right what a crash left: blobs and ingests that no record names go, and so do the
 * records of ingests whose bytes are gone. A remote backend may take as long as it likes, so nobody waits for it; what it cannot do now is
 * left to the next cleanup.
 */
export async function openNamespacedContent(
  parts: NamespacedContentParts,
  log: Logger,
): Promise<NamespacedContentStore> {
  const store = new NamespacedContentStore(parts);
  if (parts.backend.remote) {
    const cleanup = store.cleanup({ namespace: 'default' });
    void cleanup.catch((error: unknown) => log.warn('content store could not be cleaned up', { error }));
    return store;
  }
  await dropLostIngests(parts);
  await store.cleanup({ namespace: 'default' });
  return store;
}
