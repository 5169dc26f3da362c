import type { Envelope } from '../../api/gen/containerd/types/types.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import { validateIdentifier } from '../../pkg/identifiers/validate-identifier.ts';

/** Longer topics serve nobody and would be kept in every subscriber's queue. Characters. */
const maxTopic = 1024;

/**
 * Checks an envelope that is about to be handed to subscribers.
 * @throws KindError `invalid-argument` for a bad namespace or topic, and for a missing timestamp or event.
 */
export function validateEnvelope(envelope: Envelope): void {
  validateIdentifier(envelope.namespace, 'event namespace');
  validateTopic(envelope.topic);
  if (!envelope.timestamp || isZeroTime(envelope.timestamp)) {
    throw new KindError('invalid-argument', `event on topic "${envelope.topic}": timestamp must be set`);
  }
  if (!envelope.event) throw new KindError('invalid-argument', `event on topic "${envelope.topic}" must not be empty`);
}

function validateTopic(topic: string): void {
  if (topic === '') throw new KindError('invalid-argument', 'event topic must not be empty');
  if (topic.length > maxTopic) {
    throw new KindError(
      'invalid-argument',
      `event topic has ${topic.length} characters, at most ${maxTopic} are allowed`,
    );
  }
  if (!topic.startsWith('/')) {
    throw new KindError('invalid-argument', `event topic ${JSON.stringify(topic)} must start with "/"`);
  }
  for (const component of topic.slice(1).split('/')) {
    validateIdentifier(component, `component of event topic ${JSON.stringify(topic)}`);
  }
}

/** Go's zero time is the first of January of year 1; its clients send that for "never set". */
function isZeroTime(timestamp: { seconds: bigint; nanos: number }): boolean {
  return timestamp.seconds === -62135596800n && timestamp.nanos === 0;
}
