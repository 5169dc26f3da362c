/** The plugin types, with containerd's names, so that `ctr plugins ls` and configurations read alike. */
export const pluginTypes = {
  internal: 'io.containerd.internal.v1',
  content: 'io.containerd.content.v1',
  metadata: 'io.containerd.metadata.v1',
  snapshotter: 'io.containerd.snapshotter.v1',
  differ: 'io.containerd.differ.v1',
  event: 'io.containerd.event.v1',
  gc: 'io.containerd.gc.v1',
  lease: 'io.containerd.lease.v1',
  streaming: 'io.containerd.streaming.v1',
  transfer: 'io.containerd.transfer.v1',
  imageVerifier: 'io.containerd.image-verifier.v1',
  mountManager: 'io.containerd.mount-manager.v1',
  shim: 'io.containerd.shim.v1',
  runtime: 'io.containerd.runtime.v2',
  taskMonitor: 'io.containerd.monitor.task.v1',
  containerMonitor: 'io.containerd.monitor.container.v1',
  sandboxStore: 'io.containerd.sandbox.store.v1',
  sandboxController: 'io.containerd.sandbox.controller.v1',
  tracingProcessor: 'io.containerd.tracing.processor.v1',
  metrics: 'io.containerd.metrics.v1',
  http: 'io.containerd.http.v1',
  warning: 'io.containerd.warning.v1',
  service: 'io.containerd.service.v1',
  grpc: 'io.containerd.grpc.v1',
  ttrpc: 'io.containerd.ttrpc.v1',
  server: 'io.containerd.server.v1',
} as const;

/** One of {@link pluginTypes}. */
export type PluginType = (typeof pluginTypes)[keyof typeof pluginTypes];
