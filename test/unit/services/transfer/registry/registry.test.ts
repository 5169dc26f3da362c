import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { rootCertificates } from 'node:tls';
import { digestOf } from '../../../../../pkg/digest/digest-of.ts';
import { KindError } from '../../../../../pkg/errors/kind-error.ts';
import { mediaTypes } from '../../../../../pkg/oci/media-types.ts';
import type { Credentials } from '../../../../../services/transfer/registry/credential-source.ts';
import { wholeBody } from '../../../../../services/transfer/registry/response-body.ts';
import { TemporaryDirectory } from '../../../../lab/temporary-directory.ts';
import { CertificateAuthority } from '../../../../lab/certificate-authority.ts';
import { HostileServer } from '../../../../lab/hostile-server.ts';
import { open } from './open.ts';

const manifest = Buffer.from('{"schemaVersion":2}');
const digest = digestOf(manifest);
const described = {
  'content-type': mediaTypes.ociManifest,
  'docker-content-digest': digest,
  'content-length': manifest.length,
};

async function failure(promise: Promise<unknown>): Promise<KindError> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof KindError, String(error));
    return error;
  }
  throw new assert.AssertionError({ message: 'it should have failed' });
}

test('a tag is resolved by HEAD', async () => {
  await using server = await HostileServer.start((_, response) => response.writeHead(200, described).end());
  using registry = await open(`${server.host}/a/b:1`);
  assert.deepEqual(await registry.resolve(), { mediaType: mediaTypes.ociManifest, digest, size: manifest.length });
  assert.deepEqual(
    server.requests.map(({ method, url }) => `${method} ${url}`),
    ['HEAD /v2/a/b/manifests/1'],
  );
});

test('a registry that does not know HEAD is asked by GET, and its bytes are hashed', async () => {
  await using server = await HostileServer.start((request, response) => {
    if (request.method === 'HEAD') response.writeHead(405).end();
    else response.writeHead(200, { 'content-type': mediaTypes.ociManifest }).end(manifest);
  });
  using registry = await open(`${server.host}/a/b:1`);
  assert.equal((await registry.resolve()).digest, digest);
});

test('what is not there is not found, by the whole name', async () => {
  await using server = await HostileServer.start((_, response) => response.writeHead(404).end());
  using registry = await open(`${server.host}/a/b:1`);
  assert.equal((await failure(registry.resolve())).message, `${server.host}/a/b:1: not found`);
});

test('answers that pass are tried again, the rest not', async () => {
  const statuses = [503, 429, 200, 403];
  await using server = await HostileServer.start((_, response) =>
    response.writeHead(statuses.shift() ?? 500, described).end(),
  );
  using registry = await open(`${server.host}/a/b:1`);
  await registry.resolve();
  assert.equal(server.requests.length, 3);
  assert.equal((await failure(registry.resolve())).kind, 'permission-denied');
  assert.equal(server.requests.length, 4);
});

test('tries are bounded', async () => {
  await using server = await HostileServer.start((_, response) => response.writeHead(500).end());
  using registry = await open(`${server.host}/a/b:1`);
  const { kind, message } = await failure(registry.resolve());
  assert.equal(kind, 'unavailable');
  assert.match(message, /unexpected status from HEAD request to http:\/\/.*: 500 Internal Server Error/);
  assert.equal(server.requests.length, 3);
});

test('redirects end', async () => {
  await using server = await HostileServer.start((request, response) =>
    response.writeHead(307, { location: request.url }).end(),
  );
  using registry = await open(`${server.host}/a/b:1`);
  assert.match((await failure(registry.resolve())).message, /more than 10 redirects/);
});

test('another host gets neither credentials nor headers, and cannot ask for them', async () => {
  await using other = await HostileServer.start((_, response) =>
    response.writeHead(401, { 'www-authenticate': `Bearer realm="http://${other.host}/token"` }).end(),
  );
  await using server = await HostileServer.start((request, response) => {
    if (request.headers.authorization === undefined)
      response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
    else response.writeHead(307, { location: `http://${other.host}/blob` }).end();
  });
  const credentials = {
    credentials: async (): Promise<Credentials> => ({ type: 'password', username: 'u', secret: 's' }),
  };
  using registry = await open(`${server.host}/a/b:1`, { credentials, headers: new Map([['x-secret', 'value']]) });
  assert.equal((await failure(registry.resolve())).kind, 'unauthenticated');
  assert.equal(server.requests.at(-1)?.headers['x-secret'], 'value');
  assert.deepEqual(
    other.requests.map(({ url, headers }) => [url, headers.authorization, headers['x-secret']]),
    [['/blob', undefined, undefined]],
  );
});

test('a token is fetched once for the scope and renewed when it is refused', async () => {
  let tokens = 0;
  await using server = await HostileServer.start((request, response) => {
    const url = new URL(request.url ?? '', 'http://host');
    if (url.pathname === '/token') {
      response.end(JSON.stringify({ token: `t${String(++tokens)}` }));
    } else if (request.headers.authorization === `Bearer t${String(tokens)}` && tokens !== 2) {
      response.writeHead(200, described).end();
    } else {
      const realm = `Bearer realm="http://${request.headers.host ?? ''}/token",service="s",scope="repository:a/b:pull"`;
      response.writeHead(401, { 'www-authenticate': realm }).end();
    }
  });
  using registry = await open(`${server.host}/a/b:1`);
  await Promise.all([registry.resolve(), registry.resolve()]);
  assert.equal(tokens, 1);
  assert.equal(
    server.requests.find(({ url }) => url?.startsWith('/token'))?.url,
    '/token?service=s&scope=repository%3Aa%2Fb%3Apull',
  );
  tokens = 2;
  await registry.resolve();
  assert.equal(tokens, 3);
});

test('a challenge that nothing answers ends', async () => {
  await using server = await HostileServer.start((_, response) =>
    response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end(),
  );
  const credentials = {
    credentials: async (): Promise<Credentials> => ({ type: 'password', username: 'u', secret: 'bad' }),
  };
  using with_ = await open(`${server.host}/a/b:1`, { credentials });
  assert.equal((await failure(with_.resolve())).kind, 'unauthenticated');
  using without = await open(`${server.host}/a/b:1`);
  assert.equal((await failure(without.resolve())).kind, 'unauthenticated');
  assert.equal(server.requests.length, 3);
});

test('credentials that are refused are the reason of every request that was under way', async () => {
  const first = Promise.withResolvers<void>();
  let sent = 0;
  await using server = await HostileServer.start(({ headers }, response) => {
    const refuse = (): unknown => response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
    // The second to send them hears of it when the first has been given up.
    if (headers.authorization !== undefined && ++sent === 2) void first.promise.then(refuse);
    else refuse();
  });
  const credentials = {
    credentials: async (): Promise<Credentials> => ({ type: 'password', username: 'u', secret: 'bad' }),
  };
  using registry = await open(`${server.host}/a/b:1`, { credentials });
  const failures = [0, 1].map(async () => {
    const { message } = await failure(registry.resolve());
    first.resolve();
    return message;
  });
  for (const message of await Promise.all(failures))
    assert.match(message, /authorization failed: the credentials were refused/);
});

test('a silent server is given up', async () => {
  await using server = await HostileServer.start(() => undefined);
  using registry = await open(`${server.host}/a/b:1`, { idleTimeout: 20 });
  assert.match((await failure(registry.resolve())).message, /silent for 20 ms: unavailable/);
});

test('an abort ends a request with its reason', async () => {
  const controller = new AbortController();
  await using server = await HostileServer.start(() => controller.abort(new KindError('canceled', 'the test')));
  using registry = await open(`${server.host}/a/b:1`);
  assert.equal((await failure(registry.resolve(controller.signal))).message, 'the test: context canceled');
});

test('a blob is read from an offset, and another range is refused', async () => {
  const ranges = ['bytes 3-9/10', 'bytes 4-9/10'];
  await using server = await HostileServer.start((_, response) =>
    response.writeHead(206, { 'content-range': ranges.shift() }).end('3456789'),
  );
  using registry = await open(`${server.host}/a/b:1`);
  const blob = { mediaType: mediaTypes.ociLayer, digest, size: 10 };
  const { response, offset } = await registry.open(blob, { start: 3 });
  assert.equal(offset, 3);
  assert.equal(String(await wholeBody(response, 100)), '3456789');
  assert.equal(server.requests[0]?.headers.range, 'bytes=3-');
  assert.match((await failure(registry.open(blob, { start: 3 }))).message, /another range/);
});

test('localhost is asked in the clear when it does not speak TLS', async () => {
  await using server = await HostileServer.start((_, response) => response.writeHead(200, described).end());
  using registry = await open(`${server.host}/a/b:1`, { scheme: '' });
  assert.equal((await registry.resolve()).digest, digest);
});

test('mirrors of hosts.toml come first, told whose content is wanted', async () => {
  await using mirror = await HostileServer.start((_, response) => response.writeHead(404).end());
  await using server = await HostileServer.start((_, response) => response.writeHead(200, described).end());
  using directory = new TemporaryDirectory('hosts-');
  const folder = join(directory.path, server.host.replace(/:(\d+)/, '_$1_'));
  mkdirSync(folder);
  writeFileSync(
    join(folder, 'hosts.toml'),
    `server = "http://${server.host}"\n[host."http://${mirror.host}/proxy"]\ncapabilities = ["pull", "resolve"]\n[host."http://${mirror.host}/proxy".header]\nx-mirror = "yes"\n`,
  );
  using registry = await open(`${server.host}/a/b:1`, { directories: [directory.path] });
  await registry.resolve();
  assert.equal(mirror.requests[0]?.url, `/proxy/v2/a/b/manifests/1?ns=${encodeURIComponent(server.host)}`);
  assert.equal(mirror.requests[0].headers['x-mirror'], 'yes');
  assert.equal(server.requests[0]?.headers['x-mirror'], undefined);
});

test('a proxy of the environment is asked for other machines, and never for this one', async () => {
  await using proxy = await HostileServer.start((_, response) => response.writeHead(200, described).end());
  await using server = await HostileServer.start((_, response) => response.writeHead(200, described).end());
  process.env['HTTP_PROXY'] = `http://${proxy.host}`;
  try {
    using far = await open('registry.invalid/a/b:1');
    await far.resolve();
    using near = await open(`${server.host}/a/b:1`);
    await near.resolve();
  } finally {
    delete process.env['HTTP_PROXY'];
  }
  assert.deepEqual(proxy.lines, ['HEAD http://registry.invalid/v2/a/b/manifests/1']);
  assert.deepEqual(server.lines, ['HEAD /v2/a/b/manifests/1']);
});

test('a mirror that fails is not waited for', async () => {
  await using mirror = await HostileServer.start((_, response) => response.writeHead(503).end());
  await using server = await HostileServer.start((_, response) => response.writeHead(200, described).end());
  using directory = new TemporaryDirectory('hosts-');
  mkdirSync(join(directory.path, '_default'));
  const toml = `server = "http://${server.host}"\n[host."http://${mirror.host}"]\n`;
  writeFileSync(join(directory.path, '_default', 'hosts.toml'), toml);
  using registry = await open(`${server.host}/a/b:1`, { directories: [directory.path] });
  await registry.resolve();
  assert.equal(mirror.lines.length, 1);
});

test('an upload that is cut is begun anew; one that may not mount uploads', async () => {
  let uploads = 0;
  const bytes = Buffer.alloc(1000, 'x');
  const blob = { mediaType: mediaTypes.ociLayer, digest: digestOf(bytes), size: bytes.length };
  await using server = await HostileServer.start((request, response) => {
    if (request.method === 'POST' && request.url?.includes('mount=') === true) return response.writeHead(403).end();
    if (request.method === 'POST')
      return response.writeHead(202, { location: `/up/${String(++uploads)}?state=s` }).end();
    if (uploads === 1) return request.destroy();
    return request.resume().on('end', () => response.writeHead(201, { 'docker-content-digest': blob.digest }).end());
  });
  using registry = await open(`${server.host}/a/b:1`, { access: 'pull,push' });
  const read = async function* (): AsyncGenerator<Uint8Array> {
    yield bytes;
  };
  await registry.pushBlob(blob, read, 'c/d');
  const query = `state=s&digest=${encodeURIComponent(blob.digest)}`;
  const mount = `POST /v2/a/b/blobs/uploads/?mount=${encodeURIComponent(blob.digest)}&from=c%2Fd`;
  const post = 'POST /v2/a/b/blobs/uploads/';
  assert.deepEqual(server.lines, [mount, post, `PUT /up/1?${query}`, mount, post, `PUT /up/2?${query}`]);
});

test('a registry that has another digest than was pushed is not believed', async () => {
  await using server = await HostileServer.start((request, response) => {
    request.resume();
    response.writeHead(201, { 'docker-content-digest': `sha256:${'0'.repeat(64)}` }).end();
  });
  using registry = await open(`${server.host}/a/b:1`, { access: 'pull,push' });
  const document = { mediaType: mediaTypes.ociManifest, digest, size: manifest.length };
  assert.match(
    (await failure(registry.pushDocument(document, manifest, '1'))).message,
    /the registry has it as sha256:0+/,
  );
});

test('headers that come byte by byte are given up', async () => {
  await using server = await HostileServer.start((_, response) => {
    const { socket } = response;
    const drip = setInterval(() => socket?.write(socket.bytesWritten === 0 ? 'HTTP/1.1 200 OK\r\nx: ' : 'x'), 10);
    socket?.once('close', () => clearInterval(drip));
  });
  using registry = await open(`${server.host}/a/b:1`, { idleTimeout: 1000 });
  assert.match((await failure(registry.resolve())).message, /no answer within 1000 ms: unavailable/);
});

test('the authorities that the machine trusts are trusted, wherever in their file they are', async () => {
  using directory = new TemporaryDirectory('trust-');
  const authority = new CertificateAuthority(directory.path);
  const { certificate, key } = authority.issue('server', 'IP:127.0.0.1');
  const tls = { cert: readFileSync(certificate), key: readFileSync(key) };
  await using server = await HostileServer.start((_, response) => response.writeHead(200, described).end(), tls);
  const bundle = join(directory.path, 'bundle.pem');
  writeFileSync(bundle, [...rootCertificates.slice(0, 20), readFileSync(authority.certificate, 'utf8')].join('\n'));
  using strange = await open(`${server.host}/a/b:1`, { scheme: 'https' });
  assert.match(
    (await failure(strange.resolve())).message,
    /x509: certificate signed by unknown authority: unavailable/,
  );
  process.env['SSL_CERT_FILE'] = bundle;
  try {
    using known = await open(`${server.host}/a/b:1`, { scheme: 'https' });
    await known.resolve();
  } finally {
    delete process.env['SSL_CERT_FILE'];
  }
});
