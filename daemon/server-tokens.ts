import type { GrpcServer } from '../api/grpc/grpc-server.ts';
import { PluginToken } from '../pkg/plugin/plugin-token.ts';
import { pluginTypes } from '../pkg/plugin/plugin-type.ts';

/** The gRPC server of the daemon's socket. */
export const grpcServerToken = new PluginToken<GrpcServer>(pluginTypes.server, 'grpc');
