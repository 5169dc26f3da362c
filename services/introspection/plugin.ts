import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { RpcService } from '../../api/rpc/service.ts';
import { definePlugin } from '../../pkg/plugin/define-plugin.ts';
import { PluginToken } from '../../pkg/plugin/plugin-token.ts';
import { pluginTypes } from '../../pkg/plugin/plugin-type.ts';
import { pluginUri } from '../../pkg/plugin/plugin-uri.ts';
import { RuntimeInformer } from '../tasks/runtime-informer.ts';
import { taskRuntimeToken } from '../tasks/task-runtime-token.ts';
import { CollectedWarnings } from './collected-warnings.ts';
import { deprecationWarningsToken } from './deprecation-warnings-token.ts';
import { introspectionGrpc } from './grpc.ts';
import { introspectionToken } from './introspection-token.ts';
import { LocalIntrospection } from './local-introspection.ts';
import { serverUuid } from './server-uuid.ts';

/** Warnings of deprecated things in use. */
export const deprecationsPlugin = definePlugin({
  token: deprecationWarningsToken,
  requires: [],
  init: () => new CollectedWarnings(),
});

/** Introspection of this process. */
export const introspectionPlugin = definePlugin({
  token: introspectionToken,
  requires: [pluginTypes.warning, pluginTypes.runtime],
  async init(context) {
    return new LocalIntrospection({
      // containerd keeps it with the gRPC plugin; a root directory that changes hands keeps its identity.
      uuid: await serverUuid(join(context.daemon.root, `${pluginTypes.grpc}.introspection`)),
      pidNamespace: (await stat('/proc/self/ns/pid', { bigint: true })).ino,
      warnings: context.get(deprecationWarningsToken),
      statuses: () => context.plugins(),
      informers: new Map([
        [pluginUri({ token: taskRuntimeToken }), () => new RuntimeInformer(context.get(taskRuntimeToken))],
      ]),
    });
  },
});

/** Introspection over gRPC. */
export const introspectionGrpcPlugin = definePlugin({
  token: new PluginToken<readonly RpcService[]>(pluginTypes.grpc, 'introspection'),
  requires: [pluginTypes.service],
  init: (context) => [introspectionGrpc(context.get(introspectionToken))],
});
