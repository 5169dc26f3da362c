import { connect } from 'node:net';
import { Any } from '../api/gen/google/protobuf/any.ts';
import { EventsDefinition } from '../api/gen/containerd/services/events/v1/events.ts';
import { GrpcClient } from '../api/grpc/grpc-client.ts';
import { rpcClient } from '../api/rpc/rpc-client.ts';
import { KindError } from '../pkg/errors/kind-error.ts';
import type { GlobalFlags } from './command-line.ts';
import { readInput } from './read-input.ts';

/** What `publish` was called with. */
export interface PublishOptions {
  readonly flags: GlobalFlags;
  readonly topic: string;
  readonly namespace: string;
}

const maxEvent = 16 * 1024 * 1024;
/** Milliseconds. */
const timeout = 5000;

/**
 * Publishes the event that stdin holds: a `google.protobuf.Any`, as shims write it.
 * @throws KindError, also of the daemon's.
 */
export async function publish({ flags, topic, namespace }: PublishOptions): Promise<void> {
  if (topic === '') throw new KindError('invalid-argument', 'publish: --topic is required');
  if (namespace === '') throw new KindError('invalid-argument', 'publish: --namespace is required');
  const event = Any.decode(await readInput(maxEvent, 'publish: the event'));
  const address = flags.address ?? '/run/containerd/containerd.sock';
  await using transport = new GrpcClient(() => connect(address));
  await rpcClient(transport, EventsDefinition).publish({ topic, event }, { namespace, timeout });
}
