import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ForwardRequest } from '../../../../api/gen/containerd/services/events/ttrpc/v1/ttrpc.ts';
import { encodeForward } from '../../../../shim/events/encode-forward.ts';
import { EventQueue } from '../../../../shim/events/event-queue.ts';
import { namesInEvents } from '../../../../shim/events/names-in-events.ts';

test('a request is the generated codec’s', () => {
  const event = { typeUrl: 'containerd.events.TaskExit', value: new Uint8Array([1, 2, 3]) };
  const bytes = encodeForward({
    namespace: 'k8s.io',
    topic: '/tasks/exit',
    event,
    timestamp: 1_700_000_000_123_456_789n,
  });
  assert.deepEqual(ForwardRequest.decode(bytes).envelope, {
    ...{ namespace: 'k8s.io', topic: '/tasks/exit', event },
    timestamp: { seconds: 1_700_000_000n, nanos: 123_456_789 },
  });
});

/** What a queue with room for so many events holds after these topics were put into it, with their places. */
function kept(events: number, topics: readonly string[], bytes = 1 << 20, size = 1): string[] {
  const queue = new EventQueue({ events, bytes });
  topics.forEach((topic, at) => queue.push({ topic, payload: new Uint8Array(size).fill(at) }));
  const left: string[] = [];
  for (let first = queue.first; first !== undefined; first = queue.first) {
    left.push(`${first.topic.slice('/tasks/'.length)} ${first.payload[0]}`);
    queue.shift();
  }
  return left;
}

const [oom, create, exit, paused] = ['/tasks/oom', '/tasks/create', '/tasks/exit', '/tasks/paused'];

test('events leave the queue in their order', () => {
  assert.deepEqual(kept(3, [exit, oom, create]), ['exit 0', 'oom 1', 'create 2']);
});

test('what is too much goes: the oldest of those that matter least, exits last, and never the first', () => {
  assert.deepEqual(kept(3, [oom, oom, exit, paused, exit]), ['oom 0', 'exit 2', 'exit 4']);
  assert.deepEqual(kept(3, [exit, create, exit, oom]), ['exit 0', 'create 1', 'exit 2']);
  assert.deepEqual(kept(3, [exit, create, exit, exit, create]), ['exit 0', 'exit 2', 'exit 3']);
  assert.deepEqual(kept(2, [exit, exit, exit]), ['exit 0', 'exit 2']);
});

test('bytes are limited as well', () => {
  assert.deepEqual(kept(100, [oom, oom, exit, exit], 3 * 1128, 1000), ['oom 0', 'exit 2', 'exit 3']);
  assert.deepEqual(kept(100, [exit], 10, 1000), ['exit 0']);
});

test('the names in what inotify tells are read, cut off or not', () => {
  const event = (name: string, room: number): Buffer => {
    const bytes = Buffer.alloc(16 + room);
    bytes.writeUInt32LE(room, 12);
    bytes.write(name, 16);
    return bytes;
  };
  assert.deepEqual(namesInEvents(Buffer.concat([event('a.sock', 16), event('', 0), event('full', 4)])), [
    'a.sock',
    '',
    'full',
  ]);
  assert.deepEqual(namesInEvents(event('cut', 16).subarray(0, 18)), ['cu']);
  assert.deepEqual(namesInEvents(new Uint8Array(15)), []);
});
