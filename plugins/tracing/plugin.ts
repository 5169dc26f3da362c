import type { RpcService } from '../../api/rpc/service.ts';
import { ConfigTable } from '../../pkg/plugin/config-table.ts';
import { definePlugin } from '../../pkg/plugin/define-plugin.ts';
import type { PluginConfig } from '../../pkg/plugin/plugin-registration.ts';
import { PluginSkipped } from '../../pkg/plugin/plugin-skipped.ts';
import { PluginToken } from '../../pkg/plugin/plugin-token.ts';
import { PluginTypeToken } from '../../pkg/plugin/plugin-type-token.ts';
import { pluginTypes } from '../../pkg/plugin/plugin-type.ts';
import { deprecationWarningsToken } from '../../services/introspection/deprecation-warnings-token.ts';
import type { Instrument } from '../metrics/instrument.ts';
import { CallTracer } from './call-tracer.ts';
import { SpanExporter } from './span-exporter.ts';
import type { Span } from './span.ts';
import { tracingEnvironment, type TracingEnvironment } from './tracing-environment.ts';

/** Takes spans; never waits. */
interface SpanProcessor {
  export(span: Span): void;
}

const processorsToken = new PluginTypeToken<SpanProcessor>(pluginTypes.tracingProcessor);
const tracerToken = new PluginToken<CallTracer>(pluginTypes.internal, 'tracing');
const advice = 'set the OTEL_* environment variables of the daemon instead';

/** Settings that the environment has taken over; whether one of them is there. */
const processorConfig: PluginConfig<boolean> = {
  defaults: { endpoint: '', protocol: '', insecure: false },
  parse(table) {
    const reader = new ConfigTable(table);
    return reader.string('endpoint') !== '' || reader.string('protocol') !== '' || reader.boolean('insecure');
  },
};
const tracerConfig: PluginConfig<boolean> = {
  defaults: { service_name: '', sampling_ratio: 0 },
  parse(table) {
    const reader = new ConfigTable(table);
    return reader.string('service_name') !== '' || reader.number('sampling_ratio') !== 0;
  },
};

/** Sends spans to a collector, if the environment names one. */
export const otlpPlugin = definePlugin<SpanProcessor, boolean>({
  token: new PluginToken<SpanProcessor>(pluginTypes.tracingProcessor, 'otlp'),
  requires: [pluginTypes.warning],
  config: processorConfig,
  init(context) {
    if (context.config) {
      const message = `The \`otlp\` property of \`[plugins."io.containerd.tracing.processor.v1".*]\` is deprecated: ${advice}`;
      context.get(deprecationWarningsToken).emit('io.containerd.deprecation/tracing-processor-config', message);
    }
    const scope = { name: 'gantry', version: context.daemon.version };
    const exporter = new SpanExporter(configured(), scope, context.log);
    context.own(exporter);
    return exporter;
  },
});

/** Makes spans of calls. */
export const tracingPlugin = definePlugin<CallTracer, boolean>({
  token: tracerToken,
  requires: [pluginTypes.tracingProcessor, pluginTypes.warning],
  config: tracerConfig,
  init(context) {
    if (context.config) {
      const message = `The \`tracing\` property of \`[plugins."io.containerd.internal.v1".*]\` is deprecated: ${advice}`;
      context.get(deprecationWarningsToken).emit('io.containerd.deprecation/tracing-service-config', message);
    }
    const { ratio, parentBased } = configured();
    const processors = [...context.getAll(processorsToken).values()];
    return new CallTracer({
      ...{ ratio, parentBased },
      export(span) {
        for (const processor of processors) processor.export(span);
      },
    });
  },
});

/** Follows calls over gRPC, and, where `otelttrpc` is there, over ttrpc, if they are traced. */
export const callTracesPlugin = definePlugin<Instrument>({
  token: new PluginToken<Instrument>(pluginTypes.metrics, 'grpc-otel'),
  requires: [pluginTypes.internal],
  init(context) {
    const tracer = context.getAll(new PluginTypeToken<unknown>(pluginTypes.internal)).get(tracerToken.id);
    return tracer instanceof CallTracer ? { calls: tracer } : {};
  },
});

/** Says that calls over ttrpc are followed as well; serves nothing itself. */
export const ttrpcTracesPlugin = definePlugin<readonly RpcService[]>({
  token: new PluginToken<readonly RpcService[]>(pluginTypes.ttrpc, 'otelttrpc'),
  requires: [],
  init: () => [],
});

/** @throws PluginSkipped when there is no collector. */
function configured(): TracingEnvironment {
  const environment = tracingEnvironment(process.env);
  if (typeof environment === 'string') throw new PluginSkipped(environment);
  return environment;
}
