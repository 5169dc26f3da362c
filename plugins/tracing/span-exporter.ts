import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Logger } from '../../pkg/log/logger.ts';
import { encodeSpans, encodeSpansAsJson } from './encode-spans.ts';
import type { Span, SpanResource } from './span.ts';
import type { TracingEnvironment } from './tracing-environment.ts';

/** Spans that may wait; more are dropped. */
const maxWaiting = 2048;
/** Spans in one request. */
const maxBatch = 512;
/** How long the last spans may take when the daemon stops, in milliseconds. */
const closeTimeout = 2000;

/**
 * Sends spans to a collector by OTLP over HTTP, in batches, one request at a time. Nobody waits for it: spans that the collector is too slow
 * for are dropped and counted in the log. Disposing sends what waits, if the collector takes it soon.
 */
export class SpanExporter implements AsyncDisposable {
  readonly #environment: TracingEnvironment;
  readonly #resource: SpanResource;
  readonly #log: Logger;
  readonly #waiting: Span[] = [];
  #dropped = 0;
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;
  #failing = false;

  constructor(environment: TracingEnvironment, scope: SpanResource['scope'], log: Logger) {
    const { serviceName, resource } = environment;
    this.#environment = environment;
    this.#resource = { attributes: { ...resource, 'service.name': serviceName }, scope };
    this.#log = log;
  }

  /** Takes a span to be sent. */
  export(span: Span): void {
    if (this.#waiting.length >= maxWaiting) {
      this.#dropped++;
      return;
    }
    this.#waiting.push(span);
    if (this.#waiting.length >= maxBatch) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), this.#environment.delay).unref();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#flush();
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, closeTimeout);
    await Promise.race([this.#sending ?? Promise.resolve(), late.promise]);
    clearTimeout(timer);
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#sending ??= this.#sendAll().finally(() => (this.#sending = undefined));
  }

  async #sendAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, maxBatch);
      try {
        await this.#send(batch);
        if (this.#failing || this.#dropped > 0) this.#log.info('spans are taken again', { dropped: this.#dropped });
        this.#failing = false;
        this.#dropped = 0;
      } catch (error) {
        this.#dropped += batch.length;
        // Told once; a collector that is away may be away for long.
        if (!this.#failing) this.#log.warn('spans cannot be exported', { error });
        this.#failing = true;
      }
    }
  }

  async #send(spans: readonly Span[]): Promise<void> {
    const { endpoint, headers, protocol, timeout } = this.#environment;
    const json = protocol === 'http/json';
    const body = json ? encodeSpansAsJson(this.#resource, spans) : encodeSpans(this.#resource, spans);
    const type = json ? 'application/json' : 'application/x-protobuf';
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const request = endpoint.protocol === 'https:' ? requestHttps : requestHttp;
    const sent = request(
      endpoint,
      { method: 'POST', headers: { ...headers, 'content-type': type }, signal: AbortSignal.timeout(timeout) },
      (response) => {
        const { statusCode = 0 } = response;
        response.resume();
        response.on('error', reject);
        response.on('end', () => {
          if (statusCode >= 200 && statusCode < 300) resolve();
          else reject(new Error(`${endpoint.origin} answers with ${statusCode}`));
        });
      },
    );
    sent.on('error', reject);
    sent.end(body);
    await promise;
  }
}
