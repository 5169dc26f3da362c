import { PluginTypeToken } from '../../pkg/plugin/plugin-type-token.ts';
import { pluginTypes } from '../../pkg/plugin/plugin-type.ts';
import type { RpcService } from './service.ts';

/** What the gRPC listener serves: each plugin of type `io.containerd.grpc.v1` exports its services. */
export const grpcServicesToken = new PluginTypeToken<readonly RpcService[]>(pluginTypes.grpc);
