import { resolve } from 'node:path';
import { KindError } from '../../pkg/errors/kind-error.ts';
import type { LogLevel } from '../../pkg/log/logger.ts';
import { ConfigTable } from '../../pkg/plugin/config-table.ts';
import type { AnyPlugin } from '../../pkg/plugin/define-plugin.ts';
import { pluginUri } from '../../pkg/plugin/plugin-uri.ts';
import type { StreamProcessor } from '../../pkg/plugin/stream-processor.ts';
import type { ProxyPlugin } from '../../plugins/proxy/proxy-plugin.ts';
import { proxyPlugins } from '../../plugins/proxy/proxy-plugins.ts';
import type { Configuration, ConfigurationOverrides } from './configuration.ts';
import { loadDocument, type LoadedDocument } from './load-document.ts';
import { mergeTables } from './merge-tables.ts';
import { isTable, type Table } from './table.ts';

/** Where the configuration is when the command line names no other file; it need not be there. */
export const defaultPath = '/etc/containerd/config.toml';
const grpcUri = 'io.containerd.server.v1.grpc';
const ttrpcUri = 'io.containerd.server.v1.ttrpc';
const levels: ReadonlySet<string> = new Set(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'panic']);

/**
 * Reads the configuration of the daemon: files, then the command line over them.
 *
 * @param plugins whose tables are checked against their defaults
 * @throws KindError `invalid-argument`, naming the file and the key.
 */
export async function loadConfiguration(
  path: string,
  plugins: readonly AnyPlugin[],
  overrides: ConfigurationOverrides = {},
): Promise<Configuration> {
  const defaults = defaultTables(plugins);
  const loaded = await loadDocument(path, defaults);
  const tables = listenerTables(loaded, overrides.address);
  const document: Table = {
    ...loaded.content,
    ...(overrides.root === undefined ? {} : { root: resolve(overrides.root) }),
    ...(overrides.state === undefined ? {} : { state: resolve(overrides.state) }),
    plugins: withDefaults(tables, defaults),
  };
  const files = loaded.files.join(', ') || 'configuration';
  return named(files, () => ({
    ...read(document, overrides.level),
    plugins: tables,
    document,
    warnings: warningsOf(path, loaded),
    sourcesOf: (uri) => loaded.sources.get(uri) ?? [],
  }));
}

function defaultTables(plugins: readonly AnyPlugin[]): ReadonlyMap<string, Table> {
  return new Map(plugins.map((plugin) => [pluginUri(plugin), plugin.config?.defaults ?? {}]));
}

/** The tables of the files; the ttrpc socket follows the gRPC socket where the file, or the command line, says so by saying nothing. */
function listenerTables(loaded: LoadedDocument, address: string | undefined): ReadonlyMap<string, Table> {
  const { plugins } = loaded.content;
  const tables = new Map(Object.entries(isTable(plugins) ? plugins : {}).map(([uri, table]) => [uri, tableOf(table)]));
  const grpc = tableOf(tables.get(grpcUri));
  const ttrpc = tableOf(tables.get(ttrpcUri));
  if (address !== undefined) tables.set(grpcUri, { ...grpc, address });
  const grpcAddress = address ?? grpc['address'];
  // Before version 4 an address that was not set was the gRPC socket's with ".ttrpc" behind it, with the same owner.
  const follows = address !== undefined || (loaded.version !== undefined && loaded.version < 4);
  if (follows && typeof grpcAddress === 'string' && ttrpc['address'] === undefined) {
    const { uid, gid } = grpc;
    const owner = { ...(uid === undefined ? {} : { uid }), ...(gid === undefined ? {} : { gid }) };
    tables.set(ttrpcUri, { ...owner, ...ttrpc, address: `${grpcAddress}.ttrpc` });
  }
  return tables;
}

function withDefaults(tables: ReadonlyMap<string, Table>, defaults: ReadonlyMap<string, Table>): Table {
  const merged = new Map(defaults);
  for (const [uri, table] of tables) merged.set(uri, mergeTables(defaults.get(uri) ?? {}, table));
  const shown = [...merged].filter(([, table]) => Object.keys(table).length > 0);
  return Object.fromEntries(shown.sort(([a], [b]) => (a < b ? -1 : 1)));
}

type Settings = Omit<Configuration, 'plugins' | 'document' | 'warnings' | 'sourcesOf'>;

function read(document: Table, level: string | undefined): Settings {
  const top = new ConfigTable(document);
  const debug = top.table('debug');
  const plugins = top.table('plugins');
  const settings: Settings = {
    root: top.string('root'),
    state: top.string('state'),
    temp: top.string('temp'),
    disabledPlugins: top.strings('disabled_plugins'),
    requiredPlugins: top.strings('required_plugins'),
    oomScore: top.integer('oom_score', { min: -1000, max: 1000 }),
    logLevel: levelOf(level ?? debug.string('level', '')),
    logFormat: formatOf(debug.string('format', '')),
    logTraceId: debug.boolean('log_trace_id', false),
    address: plugins.table(grpcUri).string('address', ''),
    ttrpcAddress: plugins.table(ttrpcUri).string('address', ''),
    cgroup: top.table('cgroup').string('path', ''),
    timeouts: new Map(top.table('timeouts').mapValues((table, name) => table.duration(name))),
    proxyPlugins: new Map(top.table('proxy_plugins').mapValues((table, name) => proxyPluginOf(table.table(name)))),
    streamProcessors: new Map(
      top.table('stream_processors').mapValues((table, name) => processorOf(table.table(name))),
    ),
  };
  checkDirectories(settings);
  // Their mistakes are the configuration's.
  proxyPlugins(settings.proxyPlugins);
  return settings;
}

function checkDirectories({ root, state }: Settings): void {
  for (const [key, path] of Object.entries({ root, state })) {
    if (path === '') throw new KindError('invalid-argument', `${key} must be specified`);
    if (resolve(path) !== path)
      throw new KindError('invalid-argument', `${key} "${path}" must be an absolute, plain path`);
  }
  if (root === state)
    throw new KindError('invalid-argument', `root and state must be different paths, not both "${root}"`);
}

function proxyPluginOf(table: ConfigTable): ProxyPlugin {
  const exported = table.table('exports');
  return {
    type: table.string('type', ''),
    address: table.string('address', ''),
    platform: table.string('platform', ''),
    exports: new Map(exported.mapValues((values, name) => values.string(name))),
    capabilities: table.strings('capabilities', []),
  };
}

function processorOf(table: ConfigTable): StreamProcessor {
  return {
    accepts: table.strings('accepts', []),
    returns: table.string('returns', ''),
    path: table.string('path', ''),
    args: table.strings('args', []),
    env: table.strings('env', []),
  };
}

function levelOf(text: string): LogLevel {
  if (text === '') return 'info';
  const name = text === 'warning' ? 'warn' : text;
  if (isLevel(name)) return name;
  throw new KindError('invalid-argument', `log level "${text}" is none of ${[...levels].join(', ')}`);
}

function isLevel(name: string): name is LogLevel {
  return levels.has(name);
}

function formatOf(text: string): 'text' | 'json' {
  if (text === '' || text === 'text') return 'text';
  if (text === 'json') return 'json';
  throw new KindError('invalid-argument', `debug.format "${text}" is neither "text" nor "json"`);
}

function warningsOf(path: string, loaded: LoadedDocument): Configuration['warnings'] {
  const warnings = loaded.unknownKeys.map(({ file, key }) => ({
    message: 'Ignoring unknown key in TOML',
    fields: { file, key },
  }));
  if (loaded.version === undefined && path !== '' && path !== defaultPath) {
    return [...warnings, { message: 'There is no such configuration file, defaults are used', fields: { file: path } }];
  }
  if (loaded.version === undefined || loaded.version === 4) return warnings;
  const message = `Configuration migrated from version ${loaded.version}, use \`gantry config migrate\` to avoid migration`;
  return [...warnings, { message, fields: { file: path } }];
}

function tableOf(value: unknown): Table {
  return isTable(value) ? value : {};
}

function named<T>(files: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof KindError)) throw error;
    throw new KindError(error.kind, `${files}: ${error.detail}`, { cause: error });
  }
}
