import type { Logger } from '../../../pkg/log/logger.ts';
import { parseReference } from '../../../pkg/references/reference.ts';
import type { RegistryEndpoint } from '../transfer-endpoint.ts';
import { Registry } from './registry.ts';
import { registryHosts } from './registry-hosts.ts';
import type { RetryPolicy } from './retry-policy.ts';
import type { SecureContexts } from './secure-contexts.ts';

/** What the daemon's configuration says of registries. */
export interface RegistryConfig {
  /** Directories of hosts' configurations. */
  readonly directories: readonly string[];
  readonly userAgent: string;
  readonly retry: RetryPolicy;
  /** Milliseconds without a byte. */
  readonly idleTimeout: number;
  readonly contexts: SecureContexts;
  readonly log: Logger;
}

/**
 * The repository that an endpoint names, over the hosts that its configuration gives.
 *
 * @throws KindError `invalid-argument` for a malformed reference or configuration.
 */
export async function openRegistry(
  endpoint: RegistryEndpoint,
  config: RegistryConfig,
  access: 'pull' | 'pull,push' = 'pull',
): Promise<Registry> {
  const reference = parseReference(endpoint.reference);
  const hosts = await registryHosts(reference.host, {
    directories: endpoint.hostDir === '' ? config.directories : splitDirectories(endpoint.hostDir),
    defaultScheme: endpoint.defaultScheme,
    log: config.log,
  });
  const { userAgent, retry, idleTimeout, contexts } = config;
  const { credentials, headers, debug } = endpoint;
  const options = { credentials, headers, userAgent, retry, idleTimeout, contexts, debug };
  return new Registry(reference, hosts, options, access);
}

/** The directories of a `config_path`. */
export function splitDirectories(path: string): readonly string[] {
  return path.split(':').filter((directory) => directory !== '');
}
