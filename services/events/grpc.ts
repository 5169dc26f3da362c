import { EventsDefinition } from '../../api/gen/containerd/services/events/v1/events.ts';
import { rpcService, type RpcService } from '../../api/rpc/service.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import type { EventExchange } from './event-exchange.ts';

/** `containerd.services.events.v1.Events` over an exchange. */
export function eventsGrpc(exchange: EventExchange): RpcService {
  return rpcService(EventsDefinition, {
    publish(request, context) {
      exchange.publish(context.scope().namespace, request.topic, required(request.event, 'event'));
      return {};
    },
    forward(request) {
      exchange.forward(required(request.envelope, 'envelope'));
      return {};
    },
    subscribe(request, context) {
      const envelopes = exchange.subscribe(request.filters, context.signal);
      // The first event may be long in coming; clients wait for the headers to know that they are subscribed.
      context.sendHeaders();
      return envelopes;
    },
  });
}

function required<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new KindError('invalid-argument', `${name} must not be empty`);
  return value;
}
