import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import {
  ContentDefinition,
  WriteAction,
  type WriteContentRequest,
} from '../../api/gen/containerd/services/content/v1/content.ts';
import { LeasesDefinition } from '../../api/gen/containerd/services/leases/v1/leases.ts';
import { GrpcClient } from '../../api/grpc/grpc-client.ts';
import { rpcClient } from '../../api/rpc/rpc-client.ts';
import { kindOf } from '../../pkg/errors/kind-of.ts';
import type { Scope } from '../../pkg/scope/scope.ts';
import { ProxySnapshotter } from '../../plugins/proxy/proxy-snapshotter.ts';
import { DaemonUnderTest } from '../lab/daemon-under-test.ts';
import { LeasedTransport } from './leased-transport.ts';

interface Peer {
  readonly daemon: DaemonUnderTest;
  readonly transport: GrpcClient;
  readonly scope: Scope;
}

function leased(transport: GrpcClient, { namespace, lease = '' }: Scope): LeasedTransport {
  return new LeasedTransport(transport, new Map([[namespace, lease]]));
}

/** What the real containerd and ours are asked in turn, where they must not differ in a letter. */
describe('same answers as containerd', () => {
  const peers: Peer[] = [];
  before(async () => {
    for (const kind of ['2.1.9', 'gantry'] as const) {
      const daemon = await DaemonUnderTest.start({ kind });
      const transport = new GrpcClient(() => connect(daemon.address));
      const namespace = 'default';
      const { lease } = await rpcClient(transport, LeasesDefinition).create(
        { id: 'l', labels: new Map() },
        { namespace },
      );
      peers.push({ daemon, transport, scope: { namespace, lease: lease?.id } });
    }
  });
  after(async () => {
    for (const { daemon, transport } of peers) {
      await transport[Symbol.asyncDispose]();
      await daemon[Symbol.asyncDispose]();
    }
  });
  const compare = async <T>(ask: (peer: Peer) => Promise<T>): Promise<void> => {
    const [theirs, ours] = await Promise.all(peers.map(ask));
    assert.deepEqual(ours, theirs);
  };

  it('on mounts and directories', async () => {
    await compare(async ({ daemon, transport, scope }) => {
      const snapshotter = new ProxySnapshotter(leased(transport, scope), 'overlayfs');
      const mounts: unknown[] = [];
      const root = join(daemon.root, 'io.containerd.snapshotter.v1.overlayfs');
      const modes: string[] = [];
      let parent = '';
      for (const name of ['a', 'b', 'c']) {
        mounts.push(
          await snapshotter.prepare(scope, name, parent),
          await snapshotter.view(scope, `view-${name}`, parent),
        );
        await snapshotter.commit(scope, name.toUpperCase(), name);
        parent = name.toUpperCase();
      }
      for (const path of ['', 'snapshots', 'snapshots/1', 'snapshots/1/fs', 'snapshots/1/work', 'snapshots/2/fs']) {
        modes.push(`${path} ${(statSync(join(root, path)).mode & 0o7777).toString(8)}`);
      }
      return { mounts: JSON.stringify(mounts).replaceAll(daemon.root, 'ROOT'), modes };
    });
  });

  const step = (fields: Partial<WriteContentRequest>): WriteContentRequest => ({
    ...{ action: WriteAction.STAT, ref: 'ref', total: 0n, expected: '', offset: 0n },
    ...{ data: new Uint8Array(), labels: new Map(), ...fields },
  });
  const { STAT, WRITE, COMMIT } = WriteAction;
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  const digest = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;
  /** Write streams, one after the other. */
  const streams: Record<string, WriteContentRequest[]> = {
    'no ref': [step({ ref: '' })],
    'status and data': [
      step({ total: 9n }),
      step({ action: WRITE, data: bytes('abc') }),
      step({ action: WRITE, offset: 3n, data: bytes('def') }),
      step({ action: STAT }),
    ],
    resumed: [step({ total: 9n }), step({ action: WRITE, offset: 6n, data: bytes('ghi') }), step({})],
    'wrong offset': [step({ action: WRITE, offset: 5n, data: bytes('x') })],
    'back to the start': [step({ action: WRITE, data: bytes('xyz') }), step({})],
    'data with the commit': [step({ action: COMMIT, offset: 3n, data: bytes('!'), expected: digest('xyz!') })],
    'the blob is there at the open': [step({ expected: digest('xyz!') })],
    'the blob is there later': [
      step({ ref: 'later' }),
      step({ action: WRITE, data: bytes('q') }),
      step({ action: COMMIT, offset: 1n, expected: digest('xyz!') }),
    ],
    'a wrong size': [
      step({ ref: 'size', action: WRITE, data: bytes('size') }),
      step({ action: COMMIT, offset: 4n, total: 5n }),
    ],
    'a wrong digest': [step({ ref: 'size', action: COMMIT, offset: 4n, total: 4n, expected: digest('other') })],
    'a commit at offset 0': [step({ ref: 'size', action: COMMIT, total: 4n })],
    'first of all a commit': [step({ ref: 'first', action: COMMIT, data: bytes('first') })],
    'the same again': [step({ ref: 'first', action: COMMIT, data: bytes('first') })],
    'labels too long': [
      step({ ref: 'labels', action: COMMIT, data: bytes('labels'), labels: new Map([['k', 'v'.repeat(4096)]]) }),
    ],
  };
  for (const [name, requests] of Object.entries(streams)) {
    it(`on writing: ${name}`, async () => {
      await compare(async ({ transport, scope }) => {
        const content = rpcClient(transport, ContentDefinition);
        const answers: unknown[] = [];
        async function* send() {
          yield* requests;
        }
        try {
          for await (const { action, offset, total, digest } of content.write(send(), scope)) {
            // Containerd sends the last response twice, for which no client waits.
            if (answers.length === requests.length) break;
            answers.push({ action, offset, total, digest });
          }
        } catch (error) {
          answers.push(kindOf(error));
        }
        const { statuses } = await content.listStatuses({ filters: [] }, scope);
        // In the order of the directory, which is chance.
        const left = statuses.map(({ ref, offset }) => `${ref} ${offset}`).sort();
        return { answers, left };
      });
    });
  }

  it('on reading', async () => {
    const text = 'xyz!';
    for (const [offset, size] of [
      [0n, 0n],
      [1n, 2n],
      [4n, 0n],
      [5n, 0n],
      [2n, 100n],
      [0n, -1n],
      [-1n, 0n],
    ] as const)
      // prettier-ignore
      await compare(async ({ transport, scope }) => {
        const content = rpcClient(transport, ContentDefinition);
        const answers: unknown[] = [];
        try {
          for await (const chunk of content.read({ digest: digest(text), offset, size }, scope)) {
            answers.push([chunk.offset, Buffer.from(chunk.data).toString()]);
          }
        } catch (error) {
          answers.push(kindOf(error));
        }
        return [offset, size, answers];
      });
  });
});
