import { KindError } from '../../pkg/errors/kind-error.ts';
import { kindOf } from '../../pkg/errors/kind-of.ts';
import type { Logger } from '../../pkg/log/logger.ts';
import type { Descriptor } from '../../pkg/oci/descriptor.ts';
import type { ImageVerifier } from './image-verifier.ts';

/**
 * Asks all verifiers, one after the other, whether an image may be pulled.
 *
 * @throws KindError of no known kind, as containerd's is, that names the verifier and its reason.
 */
export async function verifyImage(
  verifiers: ReadonlyMap<string, ImageVerifier>,
  name: string,
  target: Descriptor,
  log: Logger,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const [verifier, each] of verifiers) {
    const fields = { name, digest: target.digest, verifier };
    const judged = await each.verify(name, target, signal).catch((error: unknown) => {
      signal?.throwIfAborted();
      log.error('No judgement received from verifier', { ...fields, error });
      const why = error instanceof Error ? error.message : String(error);
      const detail = `blocking pull of ${name} with digest ${target.digest}: image verifier ${verifier} returned error: ${why}`;
      throw new KindError(kindOf(error), detail, { cause: error });
    });
    const { ok, reason } = judged;
    if (!ok) {
      log.warn('Image verifier blocked pull', { ...fields, ok, reason });
      const detail = `image verifier ${verifier} blocked pull of ${name} with digest ${target.digest} for reason: ${reason}`;
      throw new KindError('unknown', detail);
    }
    log.debug('Image verifier allowed pull', { ...fields, ok, reason });
  }
}
