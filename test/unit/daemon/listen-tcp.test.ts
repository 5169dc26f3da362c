import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect as connectPlain } from 'node:net';
import { describe, test } from 'node:test';
import { connect, type ConnectionOptions } from 'node:tls';
import { HealthDefinition } from '../../../api/gen/grpc/health/v1/health.ts';
import { GrpcClient } from '../../../api/grpc/grpc-client.ts';
import { GrpcServer } from '../../../api/grpc/grpc-server.ts';
import { rpcClient } from '../../../api/rpc/rpc-client.ts';
import { listenTcp } from '../../../daemon/listen-tcp.ts';
import { parseTcpAddress } from '../../../daemon/parse-tcp-address.ts';
import { healthGrpc } from '../../../services/health/grpc.ts';
import { CertificateAuthority } from '../../lab/certificate-authority.ts';
import { freeAddress } from '../../lab/free-address.ts';
import { TemporaryDirectory } from '../../lab/temporary-directory.ts';

const noFiles = { tlsCa: '', tlsCert: '', tlsKey: '' };

test('addresses of TCP', () => {
  assert.deepEqual(parseTcpAddress('127.0.0.1:80'), { host: '127.0.0.1', port: 80 });
  assert.deepEqual(parseTcpAddress(':1338'), { port: 1338 });
  assert.deepEqual(parseTcpAddress('[::1]:0'), { host: '::1', port: 0 });
  assert.deepEqual(parseTcpAddress('localhost:65535'), { host: 'localhost', port: 65_535 });
  for (const bad of ['', '80', 'a:b', '::1:80', '[x]:80', 'host:65536', '/run/x.sock', 'http://a:1']) {
    assert.throws(() => parseTcpAddress(bad), { kind: 'invalid-argument' }, bad);
  }
});

describe('gRPC on TCP', () => {
  const server = (): GrpcServer => new GrpcServer([healthGrpc(new AbortController().signal)]);
  const check = async (client: GrpcClient): Promise<unknown> =>
    rpcClient(client, HealthDefinition).check({ service: '' });

  test('is served without TLS where no certificate is named', async () => {
    const { host, port, address } = freeAddress();
    await using grpc = server();
    await using _listener = await listenTcp(address, noFiles, (socket) => grpc.serve(socket));
    await using client = new GrpcClient(() => connectPlain(port, host));
    assert.deepEqual(await check(client), { status: 1 });
  });

  test('is served to the clients of an authority alone', async () => {
    using directory = new TemporaryDirectory();
    const authority = new CertificateAuthority(directory.path);
    const { host, port, address } = freeAddress();
    const ours = authority.issue('server', `IP:${host}`);
    const theirs = authority.issue('client', 'DNS:client');
    await using grpc = server();
    const files = { tlsCa: authority.certificate, tlsCert: ours.certificate, tlsKey: ours.key };
    await using _listener = await listenTcp(address, files, (socket) => grpc.serve(socket));
    const options: ConnectionOptions = {
      ...{ port, host, ALPNProtocols: ['h2'] },
      ca: readFileSync(authority.certificate),
    };
    const identity = { cert: readFileSync(theirs.certificate), key: readFileSync(theirs.key) };
    await using client = new GrpcClient(() => connect({ ...options, ...identity }));
    assert.deepEqual(await check(client), { status: 1 });
    await using nobody = new GrpcClient(() => connect(options));
    await assert.rejects(check(nobody), { kind: 'unavailable' });
    await using plain = new GrpcClient(() => connectPlain(port, host));
    await assert.rejects(check(plain), { kind: 'unavailable' });
    assert.deepEqual(await check(client), { status: 1 });
  });

  test('files that are not there are named', async () => {
    const files = { ...noFiles, tlsCert: '/nonexistent.crt', tlsKey: '/nonexistent.key' };
    await assert.rejects(
      listenTcp('127.0.0.1:0', files, () => undefined),
      { kind: 'invalid-argument', message: /ENOENT.*nonexistent/ },
    );
  });
});
