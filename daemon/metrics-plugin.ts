import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Logger } from '../pkg/log/logger.ts';
import type { MetricSource } from '../pkg/metrics/metric-source.ts';
import { printMetrics } from '../pkg/metrics/print-metrics.ts';
import { ConfigTable } from '../pkg/plugin/config-table.ts';
import { definePlugin } from '../pkg/plugin/define-plugin.ts';
import { PluginSkipped } from '../pkg/plugin/plugin-skipped.ts';
import { PluginToken } from '../pkg/plugin/plugin-token.ts';
import { pluginTypes } from '../pkg/plugin/plugin-type.ts';
import { instrumentsToken, taskMonitorsToken } from '../plugins/metrics/instrument.ts';
import { listenHttp } from './listen-http.ts';

const compress = promisify(gzip);

/** The metrics listener: `/v1/metrics` tells what all instruments measure, in Prometheus's text format. */
export const metricsServerPlugin = definePlugin<undefined, string>({
  token: new PluginToken<undefined>(pluginTypes.server, 'metrics'),
  requires: [pluginTypes.metrics, pluginTypes.taskMonitor],
  config: { defaults: { address: '' }, parse: (table) => new ConfigTable(table).string('address') },
  async init(context) {
    const address = context.config;
    if (address === '') throw new PluginSkipped('no address');
    const instruments = [...context.getAll(instrumentsToken).values(), ...context.getAll(taskMonitorsToken).values()];
    const { log } = context;
    const sources = instruments.flatMap(({ source }) => (source ? [tolerant(source, log)] : []));
    const listener = await listenHttp({ address }, (request, response) => {
      void answer(sources, request, response).catch((error: unknown) => {
        log.warn('metrics could not be told', { error });
        response.destroy();
      });
    });
    context.own(listener);
    log.info('serving...', { address });
    return undefined;
  },
});

async function answer(sources: readonly MetricSource[], request: IncomingMessage, response: ServerResponse) {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost');
  if (pathname !== '/v1/metrics') {
    response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' }).end('404 page not found\n');
    return;
  }
  const left = new AbortController();
  response.on('close', () => left.abort());
  const families = await Promise.all(sources.map(async (source) => source.collect(left.signal)));
  const text = printMetrics(families.flat());
  const headers = { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' };
  if (/\bgzip\b/.test(request.headers['accept-encoding']?.toString() ?? '')) {
    response.writeHead(200, { ...headers, 'content-encoding': 'gzip' }).end(await compress(text));
  } else {
    response.writeHead(200, headers).end(text);
  }
}

/** A source that fails does not take the others with it. */
function tolerant(source: MetricSource, log: Logger): MetricSource {
  return {
    async collect(signal) {
      try {
        return await source.collect(signal);
      } catch (error) {
        log.warn('a source of metrics failed', { error });
        return [];
      }
    },
  };
}
