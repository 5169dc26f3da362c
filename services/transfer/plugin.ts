import type { RpcService } from '../../api/rpc/service.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import { PlatformMatcher } from '../../pkg/platforms/platform-matcher.ts';
import { definePlugin } from '../../pkg/plugin/define-plugin.ts';
import type { PluginContext } from '../../pkg/plugin/plugin-context.ts';
import { PluginToken } from '../../pkg/plugin/plugin-token.ts';
import { pluginTypes } from '../../pkg/plugin/plugin-type.ts';
import { contentStoreToken } from '../content/content-store-token.ts';
import { diffServiceToken } from '../diff/diff-service-token.ts';
import { walkingDifferToken } from '../diff/walking-differ-token.ts';
import { imageStoreToken } from '../images/image-store-token.ts';
import { leaseManagerToken } from '../leases/lease-manager-token.ts';
import { snapshottersToken } from '../snapshots/snapshotters-token.ts';
import { streamManagerToken } from '../streaming/stream-manager-token.ts';
import { transferGrpc } from './grpc.ts';
import { imageVerifiersToken } from './image-verifier.ts';
import { LocalTransferrer } from './local-transferrer.ts';
import { defaultRetryPolicy } from './registry/retry-policy.ts';
import { SecureContexts } from './registry/secure-contexts.ts';
import { transferConfig, type TransferConfig } from './transfer-config.ts';
import { transferrerToken } from './transferrer-token.ts';
import type { UnpackTarget } from './unpack/unpack-target.ts';

/** Where hosts are configured when the configuration does not say. */
const defaultDirectories = ['/etc/containerd/certs.d', '/etc/docker/certs.d'];

/** The transferrer of this daemon. */
export const transferPlugin = definePlugin({
  token: transferrerToken,
  requires: [
    pluginTypes.lease,
    pluginTypes.metadata,
    pluginTypes.snapshotter,
    pluginTypes.differ,
    pluginTypes.service,
    pluginTypes.imageVerifier,
  ],
  config: transferConfig,
  init(context) {
    const { config } = context;
    const targets = unpackTargets(context);
    return new LocalTransferrer({
      services: {
        content: context.get(contentStoreToken),
        images: context.get(imageStoreToken),
        leases: context.get(leaseManagerToken),
        diff: context.get(diffServiceToken),
        layers: context.get(walkingDifferToken),
        log: context.log,
      },
      registries: {
        directories: config.configPath.length > 0 ? config.configPath : defaultDirectories,
        userAgent: `containerd/${context.daemon.version}`,
        retry: defaultRetryPolicy,
        idleTimeout: 60_000,
        contexts: new SecureContexts(),
        log: context.log,
      },
      maxConcurrentDownloads: config.maxConcurrentDownloads,
      concurrentLayerFetchBuffer: config.concurrentLayerFetchBuffer,
      maxConcurrentUploads: config.maxConcurrentUploadedLayers,
      maxConcurrentUnpacks: config.maxConcurrentUnpacks,
      unpackTargets: () => targets,
      verifiers: context.getAll(imageVerifiersToken),
    });
  },
});

/** Transfers over gRPC, for clients. */
export const transferGrpcPlugin = definePlugin({
  token: new PluginToken<readonly RpcService[]>(pluginTypes.grpc, 'transfer'),
  requires: [pluginTypes.transfer, pluginTypes.streaming],
  init: (context) => [transferGrpc(context.get(transferrerToken), context.get(streamManagerToken), context.log)],
});

function unpackTargets(context: PluginContext<TransferConfig>): UnpackTarget[] {
  const snapshotters = context.get(snapshottersToken);
  const plugins = context.plugins();
  return context.config.unpack.flatMap(({ platform, snapshotter: name, differ, configType, layerTypes, optional }) => {
    const snapshotter = snapshotters.get(name);
    if (snapshotter === undefined) {
      if (optional) return [];
      throw new KindError('not-found', `unpack_config: snapshotter ${JSON.stringify(name)}`);
    }
    if (differ !== '' && differ !== walkingDifferToken.id) {
      if (optional) return [];
      throw new KindError('not-found', `unpack_config: differ ${JSON.stringify(differ)}`);
    }
    const plugin = plugins.find(({ type, id }) => type === pluginTypes.snapshotter && id === name);
    return [
      {
        os: platform.os,
        matcher: context.config.checkPlatformSupported ? new PlatformMatcher([platform]) : undefined,
        name,
        snapshotter,
        configType,
        layerTypes,
        rebase: plugin?.meta.capabilities.includes('rebase') ?? false,
      },
    ];
  });
}
