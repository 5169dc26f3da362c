import { EventsDefinition } from '../../api/gen/containerd/services/events/ttrpc/v1/ttrpc.ts';
import { rpcService, type RpcService } from '../../api/rpc/service.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import type { EventExchange } from './event-exchange.ts';

/** `containerd.services.events.ttrpc.v1.Events` over an exchange: where shims send their events. */
export function eventsTtrpc(exchange: EventExchange): RpcService {
  return rpcService(EventsDefinition, {
    forward(request) {
      if (!request.envelope) throw new KindError('invalid-argument', 'envelope must not be empty');
      exchange.forward(request.envelope);
      return {};
    },
  });
}
