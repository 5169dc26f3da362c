import { KindError } from '../../pkg/errors/kind-error.ts';

/** Where spans go, and which. */
export interface TracingEnvironment {
  readonly endpoint: URL;
  readonly protocol: 'http/protobuf' | 'http/json';
  readonly headers: Readonly<Record<string, string>>;
  /** Milliseconds that one export may take. */
  readonly timeout: number;
  /** Milliseconds that a span waits for others at the most. */
  readonly delay: number;
  readonly serviceName: string;
  /** Of `OTEL_RESOURCE_ATTRIBUTES`. */
  readonly resource: Readonly<Record<string, string>>;
  /** Which part of new traces is recorded, 0 to 1. */
  readonly ratio: number;
  /** Whether a caller's own decision goes before that. */
  readonly parentBased: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the environment variables of OpenTelemetry that containerd knows (`OTEL_*`: SDK and OTLP exporter configuration).
 *
 * @returns a reason when there is nothing to trace to
 * @throws KindError `invalid-argument`, or `unimplemented` for a protocol or exporter that we do not speak, naming the variable.
 */
export function tracingEnvironment(variables: Environment): TracingEnvironment | string {
  const disabled = variables['OTEL_SDK_DISABLED'] ?? '';
  if (/^(1|t|true)$/i.test(disabled)) return `tracing disabled by env OTEL_SDK_DISABLED=${disabled}`;
  if (disabled !== '' && !/^(0|f|false)$/i.test(disabled)) refuse('OTEL_SDK_DISABLED', disabled, 'true or false');
  const endpoint = endpointOf(variables);
  if (!endpoint) return 'tracing endpoint not configured';
  const exporter = variables['OTEL_TRACES_EXPORTER'] || 'otlp';
  if (exporter !== 'otlp') refuse('OTEL_TRACES_EXPORTER', exporter, 'otlp');
  return {
    ...{ endpoint, protocol: protocolOf(variables), ...samplerOf(variables) },
    headers: pairsOf(specific(variables, 'HEADERS')),
    timeout: Number(specific(variables, 'TIMEOUT')) || 10_000,
    delay: Number(variables['OTEL_BSP_SCHEDULE_DELAY']) || 5000,
    serviceName: variables['OTEL_SERVICE_NAME'] || 'containerd',
    resource: pairsOf(variables['OTEL_RESOURCE_ATTRIBUTES'] ?? ''),
  };
}

/** The one for traces goes before the one for all signals. */
function specific(variables: Environment, name: string): string {
  return variables[`OTEL_EXPORTER_OTLP_TRACES_${name}`] || variables[`OTEL_EXPORTER_OTLP_${name}`] || '';
}

function endpointOf(variables: Environment): URL | undefined {
  const own = variables['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] ?? '';
  const text = specific(variables, 'ENDPOINT');
  if (text === '') return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol))
    return refuse('OTEL_EXPORTER_OTLP_ENDPOINT', text, 'an http or https URL');
  if (own === '') url.pathname = `${url.pathname.replace(/\/$/, '')}/v1/traces`;
  return url;
}

function protocolOf(variables: Environment): TracingEnvironment['protocol'] {
  const protocol = specific(variables, 'PROTOCOL');
  if (protocol === '') return 'http/protobuf';
  if (protocol === 'http/protobuf' || protocol === 'http/json') return protocol;
  const known = 'http/protobuf or http/json';
  throw new KindError('unimplemented', `OTEL_EXPORTER_OTLP_PROTOCOL ${JSON.stringify(protocol)}; it must be ${known}`);
}

function samplerOf(variables: Environment): Pick<TracingEnvironment, 'ratio' | 'parentBased'> {
  const name = variables['OTEL_TRACES_SAMPLER'] || 'parentbased_always_on';
  const parentBased = name.startsWith('parentbased_');
  switch (name.replace('parentbased_', '')) {
    case 'always_on':
      return { parentBased, ratio: 1 };
    case 'always_off':
      return { parentBased, ratio: 0 };
    case 'traceidratio': {
      const argument = variables['OTEL_TRACES_SAMPLER_ARG'] || '1';
      const ratio = Number(argument);
      if (ratio >= 0 && ratio <= 1) return { parentBased, ratio };
      return refuse('OTEL_TRACES_SAMPLER_ARG', argument, 'a number from 0 to 1');
    }
    default:
      return refuse(
        'OTEL_TRACES_SAMPLER',
        name,
        'always_on, always_off or traceidratio, with parentbased_ before it or not',
      );
  }
}

/** `key=value,key=value`, percent-encoded. */
function pairsOf(text: string): Record<string, string> {
  const pairs = text.split(',').flatMap((pair): [string, string][] => {
    const at = pair.indexOf('=');
    return at > 0 ? [[decode(pair.slice(0, at).trim()), decode(pair.slice(at + 1).trim())]] : [];
  });
  return Object.fromEntries(pairs);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function refuse(variable: string, value: string, wanted: string): never {
  throw new KindError('invalid-argument', `${variable} is ${JSON.stringify(value)}; it must be ${wanted}`);
}
