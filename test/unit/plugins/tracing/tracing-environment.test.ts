import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTraceParent } from '../../../../plugins/tracing/trace-parent.ts';
import { tracingEnvironment } from '../../../../plugins/tracing/tracing-environment.ts';

function read(variables: Readonly<Record<string, string>>) {
  const read = tracingEnvironment({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://host:4318', ...variables });
  if (typeof read === 'string') return read;
  return { ...read, endpoint: read.endpoint.href };
}

test('tracing is off unless the environment names a collector', () => {
  assert.equal(tracingEnvironment({}), 'tracing endpoint not configured');
  assert.equal(read({ OTEL_SDK_DISABLED: 'true' }), 'tracing disabled by env OTEL_SDK_DISABLED=true');
  const { endpoint, protocol, serviceName, ratio, parentBased } = read({ OTEL_SDK_DISABLED: 'false' }) as never;
  assert.deepEqual(
    { endpoint, protocol, serviceName, ratio, parentBased },
    {
      ...{ endpoint: 'http://host:4318/v1/traces', protocol: 'http/protobuf', serviceName: 'containerd' },
      ...{ ratio: 1, parentBased: true },
    },
  );
});

test('the variables of OpenTelemetry are understood', () => {
  const given = read({
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://other:1/as/it/is',
    OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/json',
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20x, a=b=c',
    OTEL_EXPORTER_OTLP_TIMEOUT: '1500',
    OTEL_SERVICE_NAME: 'own',
    OTEL_RESOURCE_ATTRIBUTES: 'k=v',
    OTEL_TRACES_SAMPLER: 'traceidratio',
    OTEL_TRACES_SAMPLER_ARG: '0.25',
  });
  assert.deepEqual(given, {
    ...{ endpoint: 'https://other:1/as/it/is', protocol: 'http/json', timeout: 1500, delay: 5000, serviceName: 'own' },
    headers: { authorization: 'Bearer x', a: 'b=c' },
    resource: { k: 'v' },
    ...{ ratio: 0.25, parentBased: false },
  });
  const below = read({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://host:4318/below/' });
  assert.equal((below as { endpoint: string }).endpoint, 'http://host:4318/below/v1/traces');
});

test('what is not understood is refused by name', () => {
  const refused: Readonly<Record<string, readonly [string, string]>> = {
    OTEL_SDK_DISABLED: ['perhaps', 'invalid-argument'],
    OTEL_TRACES_EXPORTER: ['zipkin', 'invalid-argument'],
    OTEL_EXPORTER_OTLP_ENDPOINT: ['host:4318', 'invalid-argument'],
    OTEL_EXPORTER_OTLP_PROTOCOL: ['grpc', 'unimplemented'],
    OTEL_TRACES_SAMPLER: ['jaeger_remote', 'invalid-argument'],
  };
  for (const [name, [value, kind]] of Object.entries(refused)) {
    assert.throws(() => read({ [name]: value }), { kind, message: new RegExp(name) }, name);
  }
  const ratio = { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '2' };
  assert.throws(() => read(ratio), { kind: 'invalid-argument', message: /SAMPLER_ARG/ });
});

test('traceparent', () => {
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  const spanId = 'b7ad6b7169203331';
  assert.deepEqual(parseTraceParent(`00-${traceId}-${spanId}-01`), { traceId, spanId, sampled: true });
  assert.deepEqual(parseTraceParent(`00-${traceId}-${spanId}-00`), { traceId, spanId, sampled: false });
  assert.deepEqual(parseTraceParent(`01-${traceId}-${spanId}-03-more`), { traceId, spanId, sampled: true });
  const bad = ['', 'x', `ff-${traceId}-${spanId}-01`, `00-${traceId}-${spanId}-01-more`];
  const zeros = [`00-${'0'.repeat(32)}-${spanId}-01`, `00-${traceId}-${'0'.repeat(16)}-01`];
  for (const header of [undefined, ...bad, ...zeros, `00-${traceId.toUpperCase()}-${spanId}-01`]) {
    assert.equal(parseTraceParent(header), undefined, header);
  }
});
