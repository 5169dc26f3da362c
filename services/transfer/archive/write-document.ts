import { randomBytes } from 'node:crypto';
import { digestOf } from '../../../pkg/digest/digest-of.ts';
import { kindOf } from '../../../pkg/errors/kind-of.ts';
import type { Descriptor } from '../../../pkg/oci/descriptor.ts';
import type { LeasedScope } from '../with-lease.ts';
import type { ImportServices } from './import-services.ts';

/** Puts a document made here into the content store. */
export async function writeDocument(
  services: ImportServices,
  scope: LeasedScope,
  mediaType: string,
  document: unknown,
): Promise<Descriptor> {
  const bytes = Buffer.from(JSON.stringify(document));
  const digest = digestOf(bytes);
  const descriptor = { mediaType, digest, size: bytes.length };
  await services.leases.addResource(scope, scope.lease, { type: 'content', id: digest });
  try {
    const ref = `import-${randomBytes(8).toString('hex')}-${digest}`;
    await using writer = await services.content.writer(scope, { ref, total: bytes.length, expected: digest });
    await writer.write(bytes);
    await writer.commit(bytes.length, digest);
  } catch (error) {
    if (kindOf(error) !== 'already-exists') throw error;
  }
  return descriptor;
}
