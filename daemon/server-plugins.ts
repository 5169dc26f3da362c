import { GrpcServer } from '../api/grpc/grpc-server.ts';
import { grpcServicesToken } from '../api/rpc/rpc-services-token.ts';
import type { RpcService } from '../api/rpc/service.ts';
import { isOwnUser } from '../api/transport/is-own-user.ts';
import { listenUnix } from '../api/transport/listen-unix.ts';
import { SocketStream } from '../api/transport/socket-stream.ts';
import { TtrpcServer } from '../api/ttrpc/ttrpc-server.ts';
import { definePlugin } from '../pkg/plugin/define-plugin.ts';
import { PluginSkipped } from '../pkg/plugin/plugin-skipped.ts';
import { PluginToken } from '../pkg/plugin/plugin-token.ts';
import { PluginTypeToken } from '../pkg/plugin/plugin-type-token.ts';
import { pluginTypes } from '../pkg/plugin/plugin-type.ts';
import { instrumentsToken } from '../plugins/metrics/instrument.ts';
import { listenTcp } from './listen-tcp.ts';
import { grpcListenerConfig, tcpListenerConfig, ttrpcListenerConfig } from './listener-config.ts';
import { grpcServerToken } from './server-tokens.ts';

const ttrpcServicesToken = new PluginTypeToken<readonly RpcService[]>(pluginTypes.ttrpc);

/** The ttrpc listener, for shims: serves what all plugins of type `io.containerd.ttrpc.v1` export, to our own user alone. */
export const ttrpcServerPlugin = definePlugin({
  token: new PluginToken<undefined>(pluginTypes.server, 'ttrpc'),
  requires: [pluginTypes.grpc, pluginTypes.ttrpc, pluginTypes.metrics],
  config: ttrpcListenerConfig,
  async init(context) {
    const { address, uid, gid } = context.config;
    if (address === '') throw new PluginSkipped('no address');
    const services = context.getAll(ttrpcServicesToken);
    const instruments = services.has('otelttrpc') ? [...context.getAll(instrumentsToken).values()] : [];
    const observers = instruments.flatMap(({ calls }) => calls ?? []);
    const server = new TtrpcServer([...services.values()].flat(), observers);
    context.own(server);
    const listener = await listenUnix({ path: address, mode: 0o660, uid, gid }, (socket) => {
      if (isOwnUser(socket)) server.serve(new SocketStream(socket));
      else socket.destroy();
    });
    context.own(listener);
    context.log.info('serving...', { address });
    return undefined;
  },
});

/**
 * The gRPC listener: serves what all plugins of type `io.containerd.grpc.v1` export. It starts last and stops first: who gets through to it finds
 * every other listener there.
 */
export const grpcServerPlugin = definePlugin({
  token: grpcServerToken,
  requires: [pluginTypes.grpc, pluginTypes.ttrpc, pluginTypes.metrics],
  after: [pluginTypes.server],
  config: grpcListenerConfig,
  async init(context) {
    const { address, uid, gid, maxReceive, maxSend } = context.config;
    if (address === '') throw new PluginSkipped('no address');
    const observers = [...context.getAll(instrumentsToken).values()].flatMap(({ calls }) => calls ?? []);
    const services = [...context.getAll(grpcServicesToken).values()].flat();
    const server = new GrpcServer(services, { maxReceive, maxSend, observers });
    context.own(server);
    context.own(await listenUnix({ path: address, mode: 0o660, uid, gid }, (socket) => server.serve(socket)));
    context.log.info('serving...', { address });
    return server;
  },
});

/**
 * The gRPC listener on TCP, with TLS where the configuration names a certificate. Whoever gets through to it needs no socket's permissions, so it
 * serves the CRI alone, as containerd's does.
 */
export const tcpServerPlugin = definePlugin({
  token: new PluginToken<undefined>(pluginTypes.server, 'grpc-tcp'),
  requires: [pluginTypes.grpc, pluginTypes.metrics],
  config: tcpListenerConfig,
  async init(context) {
    const { address, maxReceive, maxSend, ...files } = context.config;
    if (address === '') throw new PluginSkipped('no address');
    const services = context.getAll(grpcServicesToken).get('cri') ?? [];
    if (services.length === 0) throw new PluginSkipped('no tcp grpc services configured');
    const observers = [...context.getAll(instrumentsToken).values()].flatMap(({ calls }) => calls ?? []);
    const server = new GrpcServer(services, { maxReceive, maxSend, observers });
    context.own(server);
    context.own(await listenTcp(address, files, (socket) => server.serve(socket)));
    context.log.info('serving...', { address });
    return undefined;
  },
});
