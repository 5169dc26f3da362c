import { glob } from 'node:fs/promises';
import { dirname, isAbsolute, resolve } from 'node:path';
import { KindError } from '../../pkg/errors/kind-error.ts';
import { defaultDocument } from './default-document.ts';
import { mergeTables } from './merge-tables.ts';
import { readDocument, type ConfigurationDocument } from './read-document.ts';
import { isTable, type Table } from './table.ts';

/** A configuration put together of files. */
export interface LoadedDocument {
  /** Version 4; what the files say over the defaults. */
  readonly content: Table;
  /** The version that the main file is written in; undefined without one. */
  readonly version: number | undefined;
  /** The files in the order in which they were laid over each other. */
  readonly files: readonly string[];
  /** The files that say something of a plugin, by `<type>.<id>`. */
  readonly sources: ReadonlyMap<string, readonly string[]>;
  /** Keys that nobody reads. */
  readonly unknownKeys: readonly { readonly file: string; readonly key: string }[];
}

/** Lists that files add to; all other values replace. */
const addedLists = ['disabled_plugins', 'required_plugins', 'imports'];
/** Tables that are replaced name by name and not key by key. */
const replacedByName = ['proxy_plugins', 'stream_processors', 'timeouts'];

/**
 * Reads a file and what it imports (in the order of the names that a pattern gives), each laid over those before: lists of plugins grow,
 * other values replace, tables of plugins are merged key by key. A file is read once, so that imports may form a circle. Without a
 * file only the default imports are read.
 *
 * @throws KindError `invalid-argument`, naming the file and the key; also for an import of a version higher than the main file's.
 */
export async function loadDocument(path: string, examples: ReadonlyMap<string, Table>): Promise<LoadedDocument> {
  const unknownKeys: { file: string; key: string }[] = [];
  const read = (file: string): Promise<ConfigurationDocument | undefined> =>
    readDocument(file, examples, (key) => unknownKeys.push({ file, key }));
  const main = await read(path);
  const documents: ConfigurationDocument[] = main ? [main] : [];
  const imports = main ? importsOf(main) : defaultDocument.imports;
  const pending = await expand(imports, dirname(path));
  const seen = new Set([resolve(path)]);
  for (let file = pending.shift(); file !== undefined; file = pending.shift()) {
    if (seen.has(file)) continue;
    seen.add(file);
    const document = await read(file);
    if (!document) continue;
    if (main && document.version > main.version) {
      const versions = `version ${document.version}, ${path} of version ${main.version}`;
      throw new KindError('invalid-argument', `${file} is of ${versions}: "gantry config migrate" brings it to 4`);
    }
    documents.push(document);
    pending.push(...(await expand(importsOf(document), dirname(file))));
  }
  return {
    content: documents.map((document) => document.content).reduce(layOver, { ...defaultDocument, imports }),
    version: main?.version,
    files: documents.map((document) => document.file),
    sources: sourcesOf(documents),
    unknownKeys,
  };
}

function importsOf({ content }: ConfigurationDocument): readonly string[] {
  return stringsOf(content['imports']);
}

function stringsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((element) => typeof element === 'string') : [];
}

async function expand(patterns: readonly string[], directory: string): Promise<string[]> {
  const files: string[] = [];
  for (const pattern of patterns) {
    const absolute = isAbsolute(pattern) ? pattern : resolve(directory, pattern);
    if (!/[*?[]/.test(absolute)) files.push(resolve(absolute));
    else files.push(...(await matches(absolute)));
  }
  return files;
}

async function matches(pattern: string): Promise<string[]> {
  const files: string[] = [];
  for await (const file of glob(pattern)) files.push(file);
  return files.sort();
}

function layOver(base: Table, over: Table): Table {
  const merged: Record<string, unknown> = { ...mergeTables(base, over) };
  for (const key of addedLists) {
    merged[key] = [...new Set([...stringsOf(base[key]), ...stringsOf(over[key])])];
  }
  for (const key of replacedByName) {
    const [before, after] = [base[key], over[key]];
    if (isTable(before) && isTable(after)) merged[key] = { ...before, ...after };
  }
  return merged;
}

function sourcesOf(documents: readonly ConfigurationDocument[]): ReadonlyMap<string, readonly string[]> {
  const sources = new Map<string, string[]>();
  for (const { file, content } of documents) {
    if (!isTable(content['plugins'])) continue;
    for (const uri of Object.keys(content['plugins'])) sources.set(uri, [...(sources.get(uri) ?? []), file]);
  }
  return sources;
}
