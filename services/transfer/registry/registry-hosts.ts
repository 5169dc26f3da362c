import { readFile, stat } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { KindError } from '../../../pkg/errors/kind-error.ts';
import { kindOf } from '../../../pkg/errors/kind-of.ts';
import type { Logger } from '../../../pkg/log/logger.ts';
import { type HostEntry, parseHostsFile } from './hosts-file.ts';
import { dockerTlsFiles, readTlsFiles } from './read-tls-files.ts';
import { allCapabilities, defaultDialTimeout, type RegistryHost, type RegistryTls } from './registry-host.ts';

/** Where the configuration of hosts is, and what to do without one. */
export interface RegistryHostsOptions {
  /** Directories with one folder a host, searched in order. */
  readonly directories: readonly string[];
  /** `http` or `https`; empty to choose: https, with plain HTTP as the second try for this machine's own ports. */
  readonly defaultScheme: string;
  readonly log: Logger;
}

/**
 * The hosts to ask for a registry's content, in order: the mirrors of its `hosts.toml`, then its `server` or the registry itself.
 * Without that file, or when it is no good, which is logged, Docker's certificates in the folder are used.
 *
 * @throws KindError `invalid-argument` for certificates that cannot be used; it names the file.
 */
export async function registryHosts(registry: string, options: RegistryHostsOptions): Promise<readonly RegistryHost[]> {
  const folder = await findFolder(registry, options.directories);
  if (folder === undefined) return [preferTls(ownHost(registry, options.defaultScheme, {}))];
  const entries = await readEntries(folder, options.log);
  if (entries === undefined) {
    const tls = await readTlsFiles(await dockerTlsFiles(folder), folder, undefined);
    return [preferTls(ownHost(registry, options.defaultScheme, tls))];
  }
  return await Promise.all(
    entries.map(async (entry) => preferTls(await toHost(entry, folder, registry, options.defaultScheme))),
  );
}

async function findFolder(registry: string, directories: readonly string[]): Promise<string | undefined> {
  const names = new Set([registry.replace(/:(\d+)$/, '_$1_'), registry, '_default']);
  for (const directory of directories) {
    for (const name of names) {
      const folder = join(directory, name);
      const found = await stat(folder).catch(undefinedIfMissing);
      if (found?.isDirectory() === true) return folder;
    }
  }
  return undefined;
}

/** Undefined when there is no `hosts.toml`, or an empty one, or a bad one. */
async function readEntries(folder: string, log: Logger): Promise<readonly HostEntry[] | undefined> {
  const file = join(folder, 'hosts.toml');
  const text = (await readFile(file, 'utf8').catch(undefinedIfMissing)) ?? '';
  if (text === '') return undefined;
  try {
    return parseHostsFile(text, file);
  } catch (error) {
    if (kindOf(error) !== 'invalid-argument') throw error;
    log.error('failed to decode hosts.toml, going on without it', { file, error });
    return undefined;
  }
}

async function toHost(
  entry: HostEntry,
  folder: string,
  registry: string,
  defaultScheme: string,
): Promise<RegistryHost> {
  const tls = await readTlsFiles(entry.files, folder, entry.skipVerify);
  const { headers, dialTimeout = defaultDialTimeout } = entry;
  if (entry.scheme === '') return { ...ownHost(registry, defaultScheme, tls), headers, dialTimeout };
  const { scheme, host, path, capabilities } = entry;
  return { scheme, host, path, capabilities, headers, tls, httpFallback: false, dialTimeout };
}

/** The registry as it is without configuration, its certificates apart. */
function ownHost(registry: string, defaultScheme: string, tls: RegistryTls): RegistryHost {
  if (defaultScheme !== '' && defaultScheme !== 'http' && defaultScheme !== 'https') {
    throw new KindError('invalid-argument', `default scheme ${JSON.stringify(defaultScheme)}: want http or https`);
  }
  const host = registry === 'docker.io' ? 'registry-1.docker.io' : registry;
  const common = {
    host,
    path: '/v2',
    capabilities: allCapabilities,
    headers: new Map<string, readonly string[]>(),
    httpFallback: false,
    dialTimeout: defaultDialTimeout,
  };
  if (registry === 'docker.io') return { ...common, scheme: 'https', tls };
  if (defaultScheme !== '' || !isLocalhost(host)) {
    return { ...common, scheme: defaultScheme === '' ? 'https' : defaultScheme, tls };
  }
  const port = portOf(host);
  // Nobody has certificates for this machine's own ports.
  return {
    ...common,
    scheme: port === '' || port === '443' ? 'https' : 'http',
    tls: port === '80' ? tls : { ...tls, skipVerify: true },
  };
}

/** A host with certificates that is to be asked by HTTP is asked by HTTPS first, unless its port says HTTP. */
function preferTls(host: RegistryHost): RegistryHost {
  if (host.scheme === 'https' || Object.keys(host.tls).length === 0 || portOf(host.host) === '80') return host;
  return { ...host, scheme: 'https', httpFallback: true };
}

/** Whether a `host[:port]` is this machine by name or loopback address. */
export function isLocalhost(host: string): boolean {
  const name = host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  return name === 'localhost' || (isIP(name) === 4 && name.startsWith('127.')) || name === '::1';
}

function portOf(host: string): string {
  return /:(\d+)$/.exec(host)?.[1] ?? '';
}

function undefinedIfMissing(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return;
  throw error;
}
