import {
  IntrospectionDefinition,
  type Plugin,
} from '../../api/gen/containerd/services/introspection/v1/introspection.ts';
import { statusOfError } from '../../api/errors/status-of-error.ts';
import { rpcService, type RpcService } from '../../api/rpc/service.ts';
import type { PluginStatus } from '../../pkg/plugin/plugin-context.ts';
import type { DeprecationWarning } from './deprecation-warnings.ts';
import type { Introspection } from './introspection.ts';

/** `containerd.services.introspection.v1.Introspection`. */
export function introspectionGrpc(introspection: Introspection): RpcService {
  return rpcService(IntrospectionDefinition, {
    plugins: ({ filters }) => ({ plugins: introspection.plugins(filters).map(toMessage) }),
    server() {
      const { uuid, pid, pidNamespace, deprecations } = introspection.server();
      return { uuid, pid: BigInt(pid), pidns: pidNamespace, deprecations: deprecations.map(toWarning) };
    },
    async pluginInfo({ type, id, options }, context) {
      const { status, extra } = await introspection.pluginInfo(context, type, id, options);
      return { plugin: toMessage(status), extra };
    },
  });
}

function toMessage(status: PluginStatus): Plugin {
  const { type, id, requires, meta, error } = status;
  return {
    type,
    id,
    requires: [...requires],
    platforms: meta.platforms.map(({ os, architecture, variant }) => ({
      os,
      architecture,
      variant: variant ?? '',
      osVersion: '',
      osFeatures: [],
    })),
    exports: meta.exports,
    capabilities: meta.capabilities,
    initErr: error === undefined ? undefined : { ...statusOfError(error), details: [] },
  };
}

function toWarning({ id, message, lastOccurrence }: DeprecationWarning) {
  const second = 1_000_000_000n;
  return {
    id,
    message,
    lastOccurrence: { seconds: lastOccurrence / second, nanos: Number(lastOccurrence % second) },
  };
}
