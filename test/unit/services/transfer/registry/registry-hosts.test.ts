import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Logger } from '../../../../../pkg/log/logger.ts';
import { registryHosts } from '../../../../../services/transfer/registry/registry-hosts.ts';
import { TemporaryDirectory } from '../../../../lab/temporary-directory.ts';
import { quietLogger } from '../../../../suites/quiet-logger.ts';

async function hosts(
  registry: string,
  files: Readonly<Record<string, string>> = {},
  options: { readonly scheme?: string; readonly log?: Logger; readonly directories?: readonly string[] } = {},
) {
  using directory = new TemporaryDirectory('hosts-');
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(directory.path, path, '..'), { recursive: true });
    writeFileSync(join(directory.path, path), text);
  }
  const directories = (options.directories ?? ['']).map((each) => join(directory.path, each));
  const { scheme: defaultScheme = '', log = quietLogger } = options;
  return await registryHosts(registry, { directories, defaultScheme, log });
}

/** A host in a line: its URL, what it may be asked for, how TLS goes. */
async function lines(...args: Parameters<typeof hosts>): Promise<string[]> {
  return (await hosts(...args)).map(({ scheme, host, path, capabilities, tls, httpFallback }) => {
    const notes = [...(tls.skipVerify === true ? ['unverified'] : []), ...(httpFallback ? ['or http'] : [])];
    const able = capabilities.size === 4 ? [] : [...capabilities];
    return [`${scheme}://${host}${path}`, ...able, ...notes].join(' ');
  });
}

test('a registry without configuration', async () => {
  assert.deepEqual(await lines('registry.example'), ['https://registry.example/v2']);
  assert.deepEqual(await lines('docker.io'), ['https://registry-1.docker.io/v2']);
  assert.deepEqual(await lines('registry.example:5000', {}, { scheme: 'http' }), ['http://registry.example:5000/v2']);
  assert.deepEqual(await lines('docker.io', {}, { scheme: 'http' }), ['https://registry-1.docker.io/v2']);
  await assert.rejects(lines('registry.example', {}, { scheme: 'ftp' }), /default scheme "ftp".*: invalid argument/);
});

test('ports of this machine are asked for TLS, unverified, then in the clear', async () => {
  for (const host of ['localhost:5000', '127.0.0.1:5000', '[::1]:5000']) {
    assert.deepEqual(await lines(host), [`https://${host}/v2 unverified or http`]);
    assert.deepEqual(await lines(host, {}, { scheme: 'http' }), [`http://${host}/v2`]);
  }
  assert.deepEqual(await lines('localhost'), ['https://localhost/v2 unverified']);
  assert.deepEqual(await lines('localhost:443'), ['https://localhost:443/v2 unverified']);
  assert.deepEqual(await lines('localhost:80'), ['http://localhost:80/v2']);
});

test('folders are found by host and port, then by name, then the default one, in each directory', async () => {
  const files = {
    'a/_default/hosts.toml': 'server = "https://default.example"',
    'b/x.example_5000_/hosts.toml': 'server = "https://exact.example"',
    'b/y.example:5000/hosts.toml': 'server = "https://colon.example"',
  };
  const find = async (registry: string, ...directories: string[]) => await lines(registry, files, { directories });
  assert.deepEqual(await find('x.example:5000', 'b', 'a'), ['https://exact.example/v2']);
  assert.deepEqual(await find('y.example:5000', 'b', 'a'), ['https://colon.example/v2']);
  assert.deepEqual(await find('x.example:5000', 'a', 'b'), ['https://default.example/v2']);
  assert.deepEqual(await find('z.example', 'none', 'b'), ['https://z.example/v2']);
});

test('the tables of a hosts.toml in their order, then its server', async () => {
  const toml = `
    capabilities = ["push"]
    server = "plain.example:80/some/where/"
    [host."https://z.example/mirror"]
    capabilities = ["Pull", "resolve"]
    [host."http://a.example"]
    skip_verify = true
    [host."https://b.example/api"]
    override_path = true
    capabilities = []
    [host."https://c.example/v2"]
    dial_timeout = "1m30s"
    unknown = "to us"
    [host."https://c.example/v2".header]
    x-one = "1"
    x-two = ["2", "3"]`;
  const files = { 'registry.example/hosts.toml': toml };
  assert.deepEqual(await lines('registry.example', files), [
    'https://z.example/mirror/v2 pull resolve',
    'https://a.example/v2 unverified or http',
    'https://b.example/api',
    'https://c.example/v2',
    'https://plain.example:80/some/where/v2 push',
  ]);
  const [, , , c] = await hosts('registry.example', files);
  assert.equal(c?.dialTimeout, 90_000);
  assert.deepEqual(
    c.headers,
    new Map([
      ['x-one', ['1']],
      ['x-two', ['2', '3']],
    ]),
  );
});

test('without a server the registry itself comes last', async () => {
  const files = { 'registry.example/hosts.toml': '[host."https://mirror.example"]' };
  assert.deepEqual(await lines('registry.example', files), [
    'https://mirror.example/v2',
    'https://registry.example/v2',
  ]);
});

test('a file that is no good is told and left aside', async () => {
  for (const toml of ['server = 1', '[host."ftp://x"]', 'capabilities = ["fly"]', 'client = [["a", "b", "c"]]', '[']) {
    const told: string[] = [];
    const log = { ...quietLogger, error: (message: string) => void told.push(message) };
    const files = { 'registry.example/hosts.toml': toml };
    assert.deepEqual(await lines('registry.example', files, { log }), ['https://registry.example/v2'], toml);
    assert.deepEqual(told, ['failed to decode hosts.toml, going on without it']);
  }
});

test('certificates that cannot be used are refused by name', async () => {
  const with_ = (toml: string): Record<string, string> => ({
    'registry.example/hosts.toml': toml,
    'registry.example/x': 'x',
  });
  await assert.rejects(
    lines('registry.example', with_('ca = "none"')),
    /unable to read CA cert ".*\/none".*: invalid argument/,
  );
  await assert.rejects(
    lines('registry.example', with_('ca = "x"')),
    /unable to load CA cert ".*\/x": invalid argument/,
  );
  await assert.rejects(
    lines('registry.example', with_('client = "x"')),
    /failed to load X509 key pair .*: invalid argument/,
  );
});
