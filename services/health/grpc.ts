import { HealthCheckResponse_ServingStatus, HealthDefinition } from '../../api/gen/grpc/health/v1/health.ts';
import { rpcService, type RpcService } from '../../api/rpc/service.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';

const { SERVING, NOT_SERVING, SERVICE_UNKNOWN } = HealthCheckResponse_ServingStatus;

/**
 * `grpc.health.v1.Health`. The daemon as a whole (the empty name) serves as long as anybody can ask: the listener opens last and closes
 * first. Other names are unknown.
 *
 * @param stopping aborted when the daemon stops: those who watch are told.
 */
export function healthGrpc(stopping: AbortSignal): RpcService {
  const current = (): typeof SERVING | typeof NOT_SERVING => (stopping.aborted ? NOT_SERVING : SERVING);
  return rpcService(HealthDefinition, {
    check({ service }) {
      if (service !== '') throw new KindError('not-found', `unknown service "${service}"`);
      return { status: current() };
    },
    list: () => ({ statuses: new Map([['', { status: current() }]]) }),
    // The status of a service that nobody knows is told, not refused (gRPC health checking protocol): it may come later.
    async *watch({ service }, { signal }) {
      if (service !== '') {
        yield { status: SERVICE_UNKNOWN };
        await aborted(signal);
        return;
      }
      yield { status: current() };
      await aborted(AbortSignal.any([signal, stopping]));
      if (!signal.aborted) yield { status: NOT_SERVING };
    },
  });
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => resolve(), { once: true });
  await promise;
}
