import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { SnapshotsDefinition } from '../../../api/gen/containerd/services/snapshots/v1/snapshots.ts';
import { VersionDefinition } from '../../../api/gen/containerd/services/version/v1/version.ts';
import { GrpcClient } from '../../../api/grpc/grpc-client.ts';
import { rpcClient } from '../../../api/rpc/rpc-client.ts';
import { DaemonUnderTest, type DaemonOptions } from '../../lab/daemon-under-test.ts';

interface Collected {
  readonly name: string;
  readonly traceId: string;
  readonly parentSpanId: string;
  readonly status: unknown;
  readonly attributes: unknown;
}

/** The fields of a protobuf message, by their numbers; messages stay bytes. */
function fieldsOf(bytes: Uint8Array): Map<number, (Uint8Array | bigint)[]> {
  const reader = new BinaryReader(bytes);
  const fields = new Map<number, (Uint8Array | bigint)[]>();
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    let value: Uint8Array | bigint = 0n;
    if (type === WireType.LengthDelimited) value = reader.bytes();
    else if (type === WireType.Bit64) value = BigInt(reader.fixed64());
    else if (type === WireType.Bit32) value = BigInt(reader.fixed32());
    else value = BigInt(reader.uint64());
    fields.set(number, [...(fields.get(number) ?? []), value]);
  }
  return fields;
}

function messages(bytes: Uint8Array, number: number): Uint8Array[] {
  return (fieldsOf(bytes).get(number) ?? []).filter((value) => typeof value !== 'bigint');
}

function decode(body: Buffer): Collected[] {
  const spans = messages(body, 1).flatMap((each) => messages(each, 2).flatMap((scope) => messages(scope, 2)));
  return spans.map((span) => {
    const bytes = (number: number): Buffer => Buffer.from(messages(span, number)[0] ?? []);
    const attributes = new Map(
      messages(span, 9).map((pair) => [String(Buffer.from(messages(pair, 1)[0] ?? [])), messages(pair, 2)[0]]),
    );
    const text = (key: string): string[] =>
      messages(attributes.get(key) ?? new Uint8Array(), 1).map((bytes) => String(Buffer.from(bytes)));
    return {
      ...{ name: String(bytes(5)), traceId: bytes(1).toString('hex'), parentSpanId: bytes(4).toString('hex') },
      ...{ status: messages(span, 15).flatMap((status) => fieldsOf(status).get(3) ?? []) },
      attributes: ['rpc.system.name', 'rpc.method', 'rpc.response.status_code'].map(text),
    };
  });
}

/** What a collector gets of a daemon whose calls carry a trace, until it is stopped. */
async function collect(kind: DaemonOptions['kind'], env: Readonly<Record<string, string>> = {}) {
  const bodies: { readonly type: string; readonly path: string; readonly body: Buffer }[] = [];
  const { promise: last, resolve } = Promise.withResolvers<void>();
  const collector = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const { url: path = '', headers } = request;
      bodies.push({ path, type: headers['content-type'] ?? '', body: Buffer.concat(chunks) });
      response.end();
      // The last call's name stands in both encodings as it is.
      if (bodies.some(({ body }) => body.includes('Snapshots/Stat'))) resolve();
    })();
  });
  collector.listen(0, '127.0.0.1');
  await once(collector, 'listening');
  const { port } = collector.address() as AddressInfo;
  const variables = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`, ...env };
  const daemon = new DaemonUnderTest({ kind, env: variables });
  await using _daemon = daemon;
  if (kind === 'gantry') daemon.configure('log_trace_id = true');
  await daemon.start();
  {
    await using client = new GrpcClient(() => connect(daemon.address));
    const version = rpcClient(client, VersionDefinition);
    await version.version({}, { metadata: { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` } });
    await version.version({}, { metadata: { traceparent: `00-${'c'.repeat(32)}-${'d'.repeat(16)}-00` } });
    const absent = { snapshotter: 'overlayfs', key: 'absent' };
    const scope = { namespace: daemon.namespace };
    await assert.rejects(rpcClient(client, SnapshotsDefinition).stat(absent, scope), { kind: 'not-found' });
  }
  // With a delay of minutes only the end of the daemon sends them.
  if (env['OTEL_BSP_SCHEDULE_DELAY'] === '50') await last;
  await daemon.kill('SIGTERM');
  collector.close();
  collector.closeAllConnections();
  return bodies;
}

test('the spans of calls are exported as containerd does', async () => {
  const all: Collected[][] = [];
  for (const kind of ['2.1.9', 'gantry'] as const) {
    const bodies = await collect(kind, { OTEL_BSP_SCHEDULE_DELAY: '50' });
    assert.ok(bodies.every(({ path, type }) => path === '/v1/traces' && type === 'application/x-protobuf'));
    const spans = bodies.flatMap(({ body }) => decode(body));
    const asked = spans.filter(({ name }) => /Version\/Version|Snapshots\/Stat/.test(name));
    // A span ends after its call has been answered, and another may end meanwhile.
    all.push(asked.sort((a, b) => (a.name < b.name ? -1 : 1)));
  }
  const [theirs = [], ours = []] = all;
  // A trace of no caller's has an id of its own.
  const named = ({ traceId, ...rest }: Collected) => ({ ...rest, ...(rest.parentSpanId === '' ? {} : { traceId }) });
  assert.equal(ours.length, 2);
  assert.deepEqual(ours.map(named), theirs.map(named));
});

test('spans as JSON', async () => {
  const env = { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json', OTEL_SERVICE_NAME: 'own', OTEL_TRACES_SAMPLER: 'always_on' };
  Object.assign(env, { OTEL_BSP_SCHEDULE_DELAY: '600000' });
  const bodies = await collect('gantry', env);
  const [first] = bodies;
  assert.equal(first?.type, 'application/json');
  const { resourceSpans } = JSON.parse(String(first.body)) as {
    readonly resourceSpans: readonly {
      readonly resource: unknown;
      readonly scopeSpans: readonly {
        readonly spans: readonly { readonly name: string; readonly traceId: string }[];
      }[];
    }[];
  };
  assert.deepEqual(resourceSpans[0]?.resource, {
    attributes: [{ key: 'service.name', value: { stringValue: 'own' } }],
  });
  const spans = resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans));
  const ids = spans.filter(({ name }) => name.endsWith('Version/Version')).map(({ traceId }) => traceId[0]);
  // Whatever the callers decided.
  assert.deepEqual(ids, ['a', 'c']);
});
