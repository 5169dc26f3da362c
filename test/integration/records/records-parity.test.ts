import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import {
  ContainerCreate,
  ContainerDelete,
  ContainerUpdate,
  NamespaceCreate,
  NamespaceDelete,
  NamespaceUpdate,
} from '../../../api/gen/containerd/events/events.ts';
import { EventsDefinition } from '../../../api/gen/containerd/services/events/v1/events.ts';
import { ImageCreate, ImageDelete, ImageUpdate } from '../../../api/gen/containerd/services/images/v1/images.ts';
import type { Envelope } from '../../../api/gen/containerd/types/types.ts';
import { GrpcClient } from '../../../api/grpc/grpc-client.ts';
import { rpcClient } from '../../../api/rpc/rpc-client.ts';
import { DaemonUnderTest } from '../../lab/daemon-under-test.ts';
import { RecordsService } from '../../suites/records-service.ts';
import { recordsTranscript, type TranscriptStep } from '../../suites/records-transcript.ts';

// Where we mean to differ, and why.
const deliberate = new Map([
  ['namespaces update long', 'an error of known kind'],
  ['containers update no spec', 'the answer shows what was stored: the spec that there was'],
  ['leases create long', 'the limit of labels holds for leases, too'],
  ['leases add ingests ', 'an error of known kind'],
  ['leases add images ', 'an error of known kind'],
  ['leases add snapshots/overlayfs ', 'an error of known kind'],
  ['leases add snapshots/ k', 'an error of known kind'],
]);

/** The messages of the events, by their names. */
const eventTypes = {
  'containerd.events.NamespaceCreate': NamespaceCreate,
  'containerd.events.NamespaceUpdate': NamespaceUpdate,
  'containerd.events.NamespaceDelete': NamespaceDelete,
  'containerd.services.images.v1.ImageCreate': ImageCreate,
  'containerd.services.images.v1.ImageUpdate': ImageUpdate,
  'containerd.services.images.v1.ImageDelete': ImageDelete,
  'containerd.events.ContainerCreate': ContainerCreate,
  'containerd.events.ContainerUpdate': ContainerUpdate,
  'containerd.events.ContainerDelete': ContainerDelete,
};

function isEventType(name: string): name is keyof typeof eventTypes {
  return Object.hasOwn(eventTypes, name);
}

/** The events up to the last one of the transcript, which creates the image `x` in `t2`. */
async function readEvents(envelopes: AsyncIterable<Envelope>, onProbe: () => void): Promise<readonly unknown[]> {
  const events: unknown[] = [];
  for await (const { namespace, topic, event, timestamp } of envelopes) {
    if (topic === '/probe') {
      onProbe();
      continue;
    }
    assert.ok(event !== undefined && isEventType(event.typeUrl), event?.typeUrl);
    assert.ok(timestamp !== undefined);
    const message = eventTypes[event.typeUrl].decode(event.value);
    events.push({ namespace, topic, type: event.typeUrl, message });
    if (namespace === 't2' && topic === '/images/create') return events;
  }
  return events;
}

/** What both must say alike: answers and kinds of error; also the words, where clients show or read them. */
function comparable({ call, answer, error, message }: TranscriptStep): unknown {
  if (error === undefined) return { call, answer };
  const words = error === 'not-found' || error === 'already-exists' || error === 'failed-precondition';
  return { call, error, message: words ? plainMessage(message ?? '') : '' };
}

/** Containers are named with their namespace in some of containerd's messages, in quotes in others; ours do both. */
function plainMessage(message: string): string {
  return message
    .replace(/^container (?:"([^"]*)" in namespace "t1"|([^ "]*)):/, 'container "$1$2":')
    .replace(/^\S+\/\S+: namespace is required/, 'namespace is required')
    .replace('lease does not exist', 'lease "nope"');
}

test('records tell of their changes as those of containerd 2.1.9 do', async () => {
  await using daemon = await DaemonUnderTest.start({ kind: '2.1.9' });
  await using client = new GrpcClient(() => connect(daemon.address));
  const stop = new AbortController();
  const events = rpcClient(client, EventsDefinition);
  let subscribed = false;
  const theirs = readEvents(events.subscribe({ filters: [] }, { signal: stop.signal }), () => (subscribed = true));
  const probe = { topic: '/probe', event: { typeUrl: 'x', value: new Uint8Array() } };
  while (!subscribed) await events.publish(probe, { namespace: 't1' });
  await recordsTranscript(client);
  await using service = await RecordsService.start();
  const ours = readEvents(service.events.subscribe([], stop.signal), () => undefined);
  await recordsTranscript(service.transport);
  assert.deepEqual(await ours, await theirs);
  stop.abort();
});

test('records are served as containerd 2.1.9 serves them', async () => {
  await using daemon = await DaemonUnderTest.start({ kind: '2.1.9' });
  await using client = new GrpcClient(() => connect(daemon.address));
  const theirs = await recordsTranscript(client);
  await using service = await RecordsService.start();
  const ours = await recordsTranscript(service.transport);
  for (const [i, step] of theirs.entries()) {
    const own = ours[i];
    assert.ok(own !== undefined);
    if (!deliberate.has(step.call)) assert.deepEqual(comparable(own), comparable(step));
    else assert.notDeepEqual(comparable(own), comparable(step), `${step.call} is no difference any more`);
  }
  assert.equal(ours.length, theirs.length);
});
