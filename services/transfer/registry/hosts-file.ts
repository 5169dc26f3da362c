import { posix } from 'node:path';
import { parse } from 'smol-toml';
import { parseGoDuration } from '../../../pkg/duration/parse-go-duration.ts';
import { KindError } from '../../../pkg/errors/kind-error.ts';
import { allCapabilities, type RegistryCapability } from './registry-host.ts';

type Table = Readonly<Record<string, unknown>>;

/** One host as a `hosts.toml` has it; paths of files as they are written there. */
export interface HostEntry {
  /** Empty where the file names no `server`: the registry itself. */
  readonly scheme: 'http' | 'https' | '';
  readonly host: string;
  readonly path: string;
  readonly capabilities: ReadonlySet<RegistryCapability>;
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly files: TlsFiles;
  readonly skipVerify: boolean | undefined;
  /** Milliseconds. */
  readonly dialTimeout: number | undefined;
}

/** The files of a host's certificates. */
export interface TlsFiles {
  readonly ca: readonly string[];
  /** A certificate and its key; one file may hold both. */
  readonly clients: readonly (readonly [cert: string, key: string])[];
}

/**
 * Reads a `hosts.toml`: the tables `[host."URL"]` in their order, then `server` with the file's own keys. Keys that are not
 * known are left alone, for files are shared with other programs.
 *
 * @throws KindError `invalid-argument` with the file and the key.
 */
export function parseHostsFile(text: string, file: string): readonly HostEntry[] {
  const table = parseToml(text, file);
  const entries = Object.entries(asTable(table['host'] ?? {}, file, 'host')).map(([url, value]) =>
    entryFrom(url, asTable(value, file, `host.${JSON.stringify(url)}`), file),
  );
  const server = table['server'] ?? '';
  if (typeof server !== 'string') throw wrong(file, 'server', 'a URL');
  return [...entries, entryFrom(server, table, file)];
}

function parseToml(text: string, file: string): Table {
  try {
    return parse(text);
  } catch (error) {
    throw new KindError('invalid-argument', `${file}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

function entryFrom(url: string, table: Table, file: string): HostEntry {
  const { client, ca, dial_timeout: timeout } = table;
  return {
    ...addressFrom(url, table['override_path'] === true, file),
    capabilities: capabilitiesFrom(table['capabilities'], file),
    headers: headersFrom(table['header'], file),
    files: { ca: ca === undefined ? [] : strings(ca, file, 'ca'), clients: clientPairs(client, file) },
    skipVerify: boolean(table['skip_verify'], file, 'skip_verify'),
    dialTimeout: timeout === undefined || timeout === '' ? undefined : duration(timeout, file),
  };
}

function addressFrom(url: string, overridePath: boolean, file: string): Pick<HostEntry, 'scheme' | 'host' | 'path'> {
  if (url === '') return { scheme: '', host: '', path: '' };
  const withScheme = url.includes('://') ? url : `https://${url}`;
  const parsed = URL.canParse(withScheme) ? new URL(withScheme) : undefined;
  const scheme = parsed?.protocol === 'https:' ? 'https' : parsed?.protocol === 'http:' ? 'http' : undefined;
  if (parsed === undefined || scheme === undefined) throw wrong(file, JSON.stringify(url), 'an http or https URL');
  const path = posix.normalize(parsed.pathname).replace(/\/+$/, '');
  return { scheme, host: parsed.host, path: overridePath || path.endsWith('/v2') ? path : `${path}/v2` };
}

function capabilitiesFrom(value: unknown, file: string): ReadonlySet<RegistryCapability> {
  const names = value === undefined ? [] : strings(value, file, 'capabilities');
  // None is no choice either.
  if (names.length === 0) return allCapabilities;
  return new Set(
    names.map((name) => {
      for (const known of allCapabilities) if (known === name.toLowerCase()) return known;
      throw wrong(file, 'capabilities', `one of ${[...allCapabilities].join(', ')}, not ${JSON.stringify(name)}`);
    }),
  );
}

function headersFrom(value: unknown, file: string): ReadonlyMap<string, readonly string[]> {
  const headers = new Map<string, readonly string[]>();
  for (const [name, given] of Object.entries(asTable(value ?? {}, file, 'header'))) {
    const values = strings(given, file, `header.${name}`);
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) || values.some((text) => /[^\t\x20-\x7e\x80-\xff]/.test(text))) {
      throw wrong(file, `header.${name}`, 'a header');
    }
    headers.set(name, values);
  }
  return headers;
}

/** `client` is a file, files, or pairs of certificate and key. */
function clientPairs(value: unknown, file: string): [cert: string, key: string][] {
  if (value === undefined) return [];
  if (typeof value === 'string') return [[value, value]];
  if (!Array.isArray(value)) throw wrong(file, 'client', 'files or pairs of files');
  return value.map((entry: unknown): [string, string] => {
    if (typeof entry === 'string') return [entry, entry];
    const [cert, key, ...more] = strings(entry, file, 'client');
    if (cert === undefined || key === undefined || more.length > 0) throw wrong(file, 'client', 'pairs of files');
    return [cert, key === '' ? cert : key];
  });
}

function boolean(value: unknown, file: string, key: string): boolean | undefined {
  if (value === undefined || typeof value === 'boolean') return value;
  throw wrong(file, key, 'true or false');
}

function strings(value: unknown, file: string, key: string): string[] {
  if (typeof value === 'string') return [value];
  if (!Array.isArray(value)) throw wrong(file, key, 'a string or strings');
  return value.map((entry: unknown) => {
    if (typeof entry !== 'string') throw wrong(file, key, 'a string or strings');
    return entry;
  });
}

function asTable(value: unknown, file: string, key: string): Table {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(file, key, 'a table');
  return Object.fromEntries(Object.entries(value));
}

/** Milliseconds; 0 and less stand for no limit of one's own, as in Go. */
function duration(value: unknown, file: string): number | undefined {
  try {
    const milliseconds = parseGoDuration(typeof value === 'string' ? value : '');
    return milliseconds > 0 ? milliseconds : undefined;
  } catch {
    throw wrong(file, 'dial_timeout', 'a duration such as "10s"');
  }
}

function wrong(file: string, key: string, want: string): KindError {
  return new KindError('invalid-argument', `${file}: ${key}: want ${want}`);
}
