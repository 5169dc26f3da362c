import { createHash } from 'node:crypto';
import { ContentDefinition } from '../../api/gen/containerd/services/content/v1/content.ts';
import { rpcClient } from '../../api/rpc/rpc-client.ts';
import { Ctr } from '../lab/ctr.ts';
import type { DaemonUnderTest } from '../lab/daemon-under-test.ts';
import { PseudoRandom } from '../lab/pseudo-random.ts';
import { ProxyContentStore } from '../../plugins/proxy/proxy-content-store.ts';
import { overSocket } from './row.ts';

/** References of images to work with; the daemon has pulled `busybox`. */
export interface MixedLoadImages {
  readonly busybox: string;
  readonly other: string;
}

/** Some of all that a daemon is asked for: containers, processes in them, a pull, a blob, lists. Leaves nothing that it made. */
export async function mixedLoad(
  daemon: DaemonUnderTest,
  { busybox, other }: MixedLoadImages,
  round: number,
): Promise<void> {
  const ctr = new Ctr(daemon);
  const ids = Array.from({ length: 10 }, (_, number) => `load-${String(round)}-${String(number)}`);
  const containers = ids.map(async (id) => {
    await ctr.ok(['run', '-d', busybox, id, 'sleep', '1000']);
    await ctr.ok(['task', 'exec', '--exec-id', `${id}-e`, id, 'true']);
    await ctr.ok(['task', 'rm', '--force', id]);
    await ctr.ok(['container', 'rm', id]);
  });
  const pulled = ctr.ok(['image', 'pull', '--plain-http', other]).then(() => ctr.ok(['image', 'rm', '--sync', other]));
  await Promise.all([...containers, pulled, oneBlob(daemon, round), someLists(ctr)]);
}

async function oneBlob(daemon: DaemonUnderTest, round: number): Promise<void> {
  const bytes = new PseudoRandom(`load ${String(round)}`).bytes(32 << 20);
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  await overSocket(daemon, async (transport, options) => {
    const scope = { namespace: daemon.namespace, lease: undefined };
    await using writer = await new ProxyContentStore(transport).writer(scope, { ref: digest, total: bytes.length });
    await writer.write(bytes);
    await writer.commit(bytes.length, digest, new Map([['containerd.io/gc.root', 'bench']]));
    const client = rpcClient(transport, ContentDefinition);
    for await (const { data } of client.read({ digest, offset: 0n, size: 0n }, options)) void data;
    await client.delete({ digest }, options);
  });
}

async function someLists(ctr: Ctr): Promise<void> {
  for (let time = 0; time < 10; time++) {
    await ctr.ok(['image', 'ls']);
    await ctr.ok(['container', 'ls']);
  }
}
