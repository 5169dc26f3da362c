import type { RpcService } from '../../api/rpc/service.ts';
import { definePlugin } from '../../pkg/plugin/define-plugin.ts';
import { PluginToken } from '../../pkg/plugin/plugin-token.ts';
import { pluginTypes } from '../../pkg/plugin/plugin-type.ts';
import { containerStoreToken } from '../containers/container-store-token.ts';
import { contentStoreToken } from '../content/content-store-token.ts';
import { diffServiceToken } from '../diff/diff-service-token.ts';
import { eventExchangeToken } from '../events/event-exchange-token.ts';
import { mountManagersToken } from '../mounts/mount-managers-token.ts';
import { sandboxControllersToken } from '../sandboxes/sandbox-controllers-token.ts';
import { sandboxStoresToken } from '../sandboxes/sandbox-stores-token.ts';
import { StoredSandboxes } from '../sandboxes/stored-sandboxes.ts';
import { CheckpointArchive } from './checkpoint-archive.ts';
import { runtimeConfig, shimManagerConfig } from './config.ts';
import { tasksGrpc } from './grpc.ts';
import { loadTasks } from './load-tasks.ts';
import { LocalTaskService } from './local-task-service.ts';
import { shimManagerToken } from './shim-manager-token.ts';
import { ShimManager } from './shim-manager.ts';
import { ShimTaskRuntime } from './shim-task-runtime.ts';
import { TaskMounts } from './task-mounts.ts';
import { taskRuntimeToken } from './task-runtime-token.ts';
import { taskServiceToken } from './task-service-token.ts';
import { taskTimeouts } from './task-timeouts.ts';

/** Starts shims for whoever needs one. */
export const shimManagerPlugin = definePlugin({
  token: shimManagerToken,
  requires: [],
  config: shimManagerConfig,
  init({ config, daemon, log }) {
    const { address, ttrpcAddress, executable, version, logLevel } = daemon;
    const debug = logLevel === 'debug' || logLevel === 'trace';
    const environment = { address, ttrpcAddress, executable, version, ...config, debug };
    return new ShimManager(environment, taskTimeouts(daemon.timeouts), log);
  },
});

/** The tasks in shims; those of an earlier daemon are found before anything is served. */
export const taskRuntimePlugin = definePlugin({
  token: taskRuntimeToken,
  requires: [pluginTypes.event, pluginTypes.shim, pluginTypes.sandboxStore, pluginTypes.sandboxController],
  config: runtimeConfig,
  async init(context) {
    const { config, daemon, log, meta } = context;
    meta.platforms.push(...config.platforms);
    meta.exports.set('log-uri-schemes', 'fifo,binary,binary-v2,file');
    const parts = {
      roots: { state: context.state, root: context.root },
      shims: context.get(shimManagerToken),
      events: context.get(eventExchangeToken),
      sandboxes: new StoredSandboxes(context.getAll(sandboxStoresToken), context.getAll(sandboxControllersToken)),
      timeouts: taskTimeouts(daemon.timeouts),
      log,
    };
    const runtime = new ShimTaskRuntime(parts);
    context.own(runtime);
    await loadTasks(runtime, parts);
    return runtime;
  },
});

/** The tasks service. It needs the containers, a service like itself, and the runtime. */
export const taskServicePlugin = definePlugin({
  token: taskServiceToken,
  requires: [pluginTypes.service, pluginTypes.runtime, pluginTypes.mountManager],
  async init(context) {
    const [mounts] = context.getAll(mountManagersToken).values();
    const checkpoints = new CheckpointArchive({
      content: context.get(contentStoreToken),
      differ: () => context.get(diffServiceToken),
      directory: context.root,
    });
    await checkpoints.reconcile();
    return new LocalTaskService({
      containers: context.get(containerStoreToken),
      runtime: context.get(taskRuntimeToken),
      checkpoints,
      mounts: new TaskMounts(mounts, context.log),
      log: context.log,
    });
  },
});

/** Tasks over gRPC, for clients. */
export const tasksGrpcPlugin = definePlugin({
  token: new PluginToken<readonly RpcService[]>(pluginTypes.grpc, 'tasks'),
  requires: [pluginTypes.service],
  init: (context) => [tasksGrpc(context.get(taskServiceToken))],
});
