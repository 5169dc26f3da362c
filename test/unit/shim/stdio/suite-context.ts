import { createHash } from 'node:crypto';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { TemporaryDirectory } from '../../../lab/temporary-directory.ts';
import { buildDriver, StdioHost } from './stdio-host.ts';

/** What the suites of stdio share: one host, a directory, and a large file that a process may print. */
export interface SuiteContext {
  readonly directory: string;
  readonly large: { readonly path: string; readonly sha256: string; readonly size: number };
  host(): StdioHost;
  /** Another one, for whoever ends it. */
  newHost(): StdioHost;
}

/** Makes one when the tests of the file begin, and removes it when they have ended. */
export function suiteContext(options: { readonly sanitize: boolean; readonly largeSize: number }): SuiteContext {
  const directory = new TemporaryDirectory();
  const large = {
    path: join(directory.path, 'large'),
    ...writeLarge(join(directory.path, 'large'), options.largeSize),
  };
  let host: StdioHost | undefined;
  let program: string | undefined;
  let remove: (() => void) | undefined;
  const newHost = (): StdioHost => {
    if (program === undefined) throw new Error('the host has not been built');
    return new StdioHost(program);
  };
  before(async () => {
    const driver = await buildDriver(options.sanitize);
    remove = driver.remove;
    program = driver.program;
    host = newHost();
  });
  after(async () => {
    try {
      await host?.[Symbol.asyncDispose]();
    } finally {
      remove?.();
      rmSync(large.path, { force: true });
      directory[Symbol.dispose]();
    }
  });
  return {
    directory: directory.path,
    large,
    newHost,
    host: () => {
      if (!host) throw new Error('the host has not been started');
      return host;
    },
  };
}

/** Lines that are all different, of lengths between 7 and about 400 bytes. */
function writeLarge(path: string, size: number): { readonly sha256: string; readonly size: number } {
  const hash = createHash('sha256');
  const fd = openSync(path, 'w');
  let written = 0;
  for (let line = 0; written < size;) {
    const lines: string[] = [];
    for (const end = line + 4000; line < end; line++)
      lines.push(`${line} ${'x'.repeat((line * 7919) % 400)} ${line}\n`);
    const piece = Buffer.from(lines.join(''));
    hash.update(piece);
    writeSync(fd, piece);
    written += piece.length;
  }
  closeSync(fd);
  return { sha256: hash.digest('hex'), size: written };
}
