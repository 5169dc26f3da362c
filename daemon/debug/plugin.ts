import type { RequestListener } from 'node:http';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { GrpcServer } from '../../api/grpc/grpc-server.ts';
import { definePlugin } from '../../pkg/plugin/define-plugin.ts';
import { PluginSkipped } from '../../pkg/plugin/plugin-skipped.ts';
import { PluginToken } from '../../pkg/plugin/plugin-token.ts';
import { PluginTypeToken } from '../../pkg/plugin/plugin-type-token.ts';
import { pluginTypes } from '../../pkg/plugin/plugin-type.ts';
import { listenHttp } from '../listen-http.ts';
import { debugListenerConfig } from '../listener-config.ts';
import { grpcServerToken } from '../server-tokens.ts';
import { DebugHandler } from './debug-handler.ts';
import { describeProcess } from './describe-process.ts';

const debugHandlerToken = new PluginToken<RequestListener>(pluginTypes.http, 'pprof');
const serversToken = new PluginTypeToken<GrpcServer | undefined>(pluginTypes.server);

/** `/debug/`, for the debug listener. */
export const debugHandlerPlugin = definePlugin({
  token: debugHandlerToken,
  requires: [],
  later: [pluginTypes.server],
  init(context) {
    const handler = new DebugHandler(() => {
      const server = context.getAll(serversToken).get(grpcServerToken.id);
      return describeProcess({ calls: server?.inFlight() ?? [], plugins: context.plugins() });
    });
    return (request, response) => void handler.handle(request, response);
  },
});

/** The debug listener. */
export const debugServerPlugin = definePlugin({
  token: new PluginToken<undefined>(pluginTypes.server, 'debug'),
  requires: [pluginTypes.http],
  config: debugListenerConfig,
  async init(context) {
    const { address, uid, gid } = context.config;
    if (address === '') throw new PluginSkipped('no address');
    if (address.startsWith('/')) await mkdir(dirname(address), { recursive: true, mode: 0o711 });
    context.own(await listenHttp({ address, uid, gid }, context.get(debugHandlerToken)));
    context.log.info('serving...', { address });
    return undefined;
  },
});
