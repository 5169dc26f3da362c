import type { CredentialSource } from '../../../../../services/transfer/registry/credential-source.ts';
import { openRegistry } from '../../../../../services/transfer/registry/open-registry.ts';
import { SecureContexts } from '../../../../../services/transfer/registry/secure-contexts.ts';
import { quietLogger } from '../../../../suites/quiet-logger.ts';
import type { Logger } from '../../../../../pkg/log/logger.ts';
import type { Registry } from '../../../../../services/transfer/registry/registry.ts';

/** What a test may set. */
export interface OpenOptions {
  readonly credentials?: CredentialSource;
  readonly directories?: readonly string[];
  readonly scheme?: string;
  readonly headers?: ReadonlyMap<string, string>;
  readonly idleTimeout?: number;
  readonly log?: Logger;
  readonly access?: 'pull' | 'pull,push';
}

/** A registry client that does not wait between its tries. */
export async function open(reference: string, options: OpenOptions = {}): Promise<Registry> {
  return await openRegistry(
    {
      type: 'registry',
      reference,
      credentials: options.credentials,
      headers: options.headers ?? new Map(),
      hostDir: '',
      defaultScheme: options.scheme ?? 'http',
    },
    {
      directories: options.directories ?? [],
      userAgent: 'gantry-test',
      retry: { tries: 3, baseDelay: 0, maxDelay: 0 },
      idleTimeout: options.idleTimeout ?? 5000,
      contexts: new SecureContexts(),
      log: options.log ?? quietLogger,
    },
    options.access,
  );
}
