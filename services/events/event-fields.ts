import * as events from '../../api/gen/containerd/events/events.ts';
import * as images from '../../api/gen/containerd/services/images/v1/images.ts';
import type { Envelope } from '../../api/gen/containerd/types/types.ts';

type Decode = (bytes: Uint8Array) => object;

/** The events whose fields a filter may name. Those of sandboxes are not among them, as containerd's clients know it. */
const decoders = new Map<string, Decode>([
  ['containerd.events.ContainerCreate', (bytes) => events.ContainerCreate.decode(bytes)],
  ['containerd.events.ContainerUpdate', (bytes) => events.ContainerUpdate.decode(bytes)],
  ['containerd.events.ContainerDelete', (bytes) => events.ContainerDelete.decode(bytes)],
  ['containerd.events.ContentCreate', (bytes) => events.ContentCreate.decode(bytes)],
  ['containerd.events.ContentDelete', (bytes) => events.ContentDelete.decode(bytes)],
  ['containerd.events.NamespaceCreate', (bytes) => events.NamespaceCreate.decode(bytes)],
  ['containerd.events.NamespaceUpdate', (bytes) => events.NamespaceUpdate.decode(bytes)],
  ['containerd.events.NamespaceDelete', (bytes) => events.NamespaceDelete.decode(bytes)],
  ['containerd.events.SnapshotPrepare', (bytes) => events.SnapshotPrepare.decode(bytes)],
  ['containerd.events.SnapshotCommit', (bytes) => events.SnapshotCommit.decode(bytes)],
  ['containerd.events.SnapshotRemove', (bytes) => events.SnapshotRemove.decode(bytes)],
  ['containerd.events.TaskCreate', (bytes) => events.TaskCreate.decode(bytes)],
  ['containerd.events.TaskStart', (bytes) => events.TaskStart.decode(bytes)],
  ['containerd.events.TaskDelete', (bytes) => events.TaskDelete.decode(bytes)],
  ['containerd.events.TaskExit', (bytes) => events.TaskExit.decode(bytes)],
  ['containerd.events.TaskOOM', (bytes) => events.TaskOOM.decode(bytes)],
  ['containerd.events.TaskExecAdded', (bytes) => events.TaskExecAdded.decode(bytes)],
  ['containerd.events.TaskExecStarted', (bytes) => events.TaskExecStarted.decode(bytes)],
  ['containerd.events.TaskPaused', (bytes) => events.TaskPaused.decode(bytes)],
  ['containerd.events.TaskResumed', (bytes) => events.TaskResumed.decode(bytes)],
  ['containerd.events.TaskCheckpointed', (bytes) => events.TaskCheckpointed.decode(bytes)],
  ['containerd.services.images.v1.ImageCreate', (bytes) => images.ImageCreate.decode(bytes)],
  ['containerd.services.images.v1.ImageUpdate', (bytes) => images.ImageUpdate.decode(bytes)],
  ['containerd.services.images.v1.ImageDelete', (bytes) => images.ImageDelete.decode(bytes)],
]);

/**
 * The fields of an envelope that filters may name: `namespace`, `topic`, `event.<path>`. Paths in the event use
 * the names of its interface definition (`container_id`); strings, booleans, maps of strings and messages that hold
 * those are reachable, everything else is absent. The event is decoded once, when a filter first asks for it; one
 * that cannot be decoded has no fields.
 */
export function eventFields(envelope: Envelope): (path: readonly string[]) => string | undefined {
  let event: object | undefined;
  let decoded = false;
  return ([first, ...rest]) => {
    if (first === 'namespace') return envelope.namespace;
    if (first === 'topic') return envelope.topic;
    if (first !== 'event') return undefined;
    if (!decoded) {
      event = decodeEvent(envelope);
      decoded = true;
    }
    return event && fieldOf(event, rest);
  };
}

function decodeEvent({ event }: Envelope): object | undefined {
  if (!event) return undefined;
  const decode = decoders.get(event.typeUrl.slice(event.typeUrl.lastIndexOf('/') + 1));
  try {
    return decode?.(event.value);
  } catch {
    return undefined;
  }
}

function fieldOf(message: object, [name, ...rest]: readonly string[]): string | undefined {
  if (name === undefined) return undefined;
  const key = camelCase(name);
  if (key === undefined || !Object.hasOwn(message, key)) return undefined;
  const value: unknown = Reflect.get(message, key);
  if (typeof value === 'string') return value === '' ? undefined : value;
  if (typeof value === 'boolean') return String(value);
  if (value instanceof Map) return stringOf(value.get(rest.join('.')));
  // An Any and a timestamp are messages too, but not of this kind.
  if (isPlainMessage(value)) return fieldOf(value, rest);
  return undefined;
}

function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function isPlainMessage(value: unknown): value is object {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !('typeUrl' in value) &&
    !('seconds' in value)
  );
}

/** `container_id` as the generated types spell it; undefined for a name that no definition would hold. */
function camelCase(name: string): string | undefined {
  if (!/^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/.test(name)) return undefined;
  return name.replaceAll(/_([a-z0-9])/g, (_match, letter: string) => letter.toUpperCase());
}
