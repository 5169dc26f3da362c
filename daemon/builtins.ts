import type { AnyPlugin } from '../pkg/plugin/define-plugin.ts';
import { gcSchedulerPlugin } from '../plugins/gc/plugin.ts';
import { imageVerifierPlugin } from '../plugins/image-verifier/plugin.ts';
import { restartMonitorPlugin } from '../plugins/restart-monitor/plugin.ts';
import { cgroupsMonitorPlugin, grpcMetricsPlugin, processMetricsPlugin } from '../plugins/metrics/plugin.ts';
import { callTracesPlugin, otlpPlugin, tracingPlugin, ttrpcTracesPlugin } from '../plugins/tracing/plugin.ts';
import { containersGrpcPlugin, containerStorePlugin } from '../services/containers/plugin.ts';
import { contentGrpcPlugin, contentStorePlugin, localContentPlugin } from '../services/content/plugin.ts';
import { diffGrpcPlugin, diffServicePlugin, walkingDifferPlugin } from '../services/diff/plugin.ts';
import { eventExchangePlugin, eventsGrpcPlugin, eventsTtrpcPlugin } from '../services/events/plugin.ts';
import { healthGrpcPlugin } from '../services/health/plugin.ts';
import { imagesGrpcPlugin, imageStorePlugin } from '../services/images/plugin.ts';
import { deprecationsPlugin, introspectionGrpcPlugin, introspectionPlugin } from '../services/introspection/plugin.ts';
import { leaseManagerPlugin, leasesGrpcPlugin } from '../services/leases/plugin.ts';
import { metadataPlugin } from '../services/metadata/plugin.ts';
import { mountManagerPlugin, mountsGrpcPlugin } from '../services/mounts/plugin.ts';
import { namespacesGrpcPlugin, namespaceStorePlugin } from '../services/namespaces/plugin.ts';
import {
  sandboxControllersGrpcPlugin,
  sandboxesGrpcPlugin,
  sandboxStorePlugin,
  shimSandboxControllerPlugin,
} from '../services/sandboxes/plugin.ts';
import { snapshottersPlugin, snapshotsGrpcPlugin } from '../services/snapshots/plugin.ts';
import { streamingGrpcPlugin, streamManagerPlugin } from '../services/streaming/plugin.ts';
import { shimManagerPlugin, taskRuntimePlugin, tasksGrpcPlugin, taskServicePlugin } from '../services/tasks/plugin.ts';
import { transferGrpcPlugin, transferPlugin } from '../services/transfer/plugin.ts';
import { versionGrpcPlugin } from '../services/version/plugin.ts';
import { nativeSnapshotterPlugin } from '../snapshotters/native/plugin.ts';
import { overlaySnapshotterPlugin } from '../snapshotters/overlayfs/plugin.ts';
import { debugHandlerPlugin, debugServerPlugin } from './debug/plugin.ts';
import { metricsServerPlugin } from './metrics-plugin.ts';
import { grpcServerPlugin, tcpServerPlugin, ttrpcServerPlugin } from './server-plugins.ts';

/** Every plugin of the daemon. The order decides where what they require does not. */
export const builtins: readonly AnyPlugin[] = [
  deprecationsPlugin,
  eventExchangePlugin,
  localContentPlugin,
  nativeSnapshotterPlugin,
  overlaySnapshotterPlugin,
  metadataPlugin,
  gcSchedulerPlugin,
  contentStorePlugin,
  namespaceStorePlugin,
  leaseManagerPlugin,
  imageStorePlugin,
  snapshottersPlugin,
  containerStorePlugin,
  walkingDifferPlugin,
  diffServicePlugin,
  mountManagerPlugin,
  shimManagerPlugin,
  sandboxStorePlugin,
  shimSandboxControllerPlugin,
  taskRuntimePlugin,
  taskServicePlugin,
  streamManagerPlugin,
  imageVerifierPlugin,
  transferPlugin,
  introspectionPlugin,
  restartMonitorPlugin,
  containersGrpcPlugin,
  contentGrpcPlugin,
  diffGrpcPlugin,
  eventsGrpcPlugin,
  healthGrpcPlugin,
  imagesGrpcPlugin,
  introspectionGrpcPlugin,
  leasesGrpcPlugin,
  mountsGrpcPlugin,
  namespacesGrpcPlugin,
  sandboxControllersGrpcPlugin,
  sandboxesGrpcPlugin,
  snapshotsGrpcPlugin,
  streamingGrpcPlugin,
  tasksGrpcPlugin,
  transferGrpcPlugin,
  versionGrpcPlugin,
  eventsTtrpcPlugin,
  cgroupsMonitorPlugin,
  grpcMetricsPlugin,
  processMetricsPlugin,
  otlpPlugin,
  tracingPlugin,
  callTracesPlugin,
  ttrpcTracesPlugin,
  debugHandlerPlugin,
  debugServerPlugin,
  metricsServerPlugin,
  tcpServerPlugin,
  // Last, so that nobody is answered before all is there; first to stop.
  ttrpcServerPlugin,
  grpcServerPlugin,
];
