import { createHash } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ContentDefinition } from '../../api/gen/containerd/services/content/v1/content.ts';
import { rpcClient } from '../../api/rpc/rpc-client.ts';
import type { DaemonUnderTest } from '../lab/daemon-under-test.ts';
import { peers } from '../lab/peers.ts';
import { PseudoRandom } from '../lab/pseudo-random.ts';
import { runProgram } from '../lab/run-program.ts';
import { ProxyContentStore } from '../../plugins/proxy/proxy-content-store.ts';
import { inTurn, noValues, overSocket, record, type Row, start, timed } from './row.ts';

const size = 256 << 20;

/** A blob that no round before had. */
class Blob {
  readonly bytes: Buffer;
  readonly digest: string;

  constructor(seed: string) {
    this.bytes = new PseudoRandom(seed).bytes(size);
    this.digest = `sha256:${createHash('sha256').update(this.bytes).digest('hex')}`;
  }
}

function speed(milliseconds: number): number {
  return size / 1e6 / (milliseconds / 1000);
}

async function writeAndRead(daemon: DaemonUnderTest, blob: Blob): Promise<[write: number, read: number]> {
  return overSocket(daemon, async (transport, options) => {
    const store = new ProxyContentStore(transport);
    const scope = { namespace: daemon.namespace, lease: undefined };
    const write = await timed(async () => {
      await using writer = await store.writer(scope, { ref: blob.digest, total: size });
      await writer.write(blob.bytes);
      await writer.commit(size, blob.digest, new Map([['containerd.io/gc.root', 'bench']]));
    });
    const client = rpcClient(transport, ContentDefinition);
    let received = 0;
    const read = await timed(async () => {
      for await (const { data } of client.read({ digest: blob.digest, offset: 0n, size: 0n }, options))
        received += data.length;
    });
    if (received !== size) throw new Error(`read ${String(received)} bytes of ${String(size)}`);
    return [write, read];
  });
}

/** The same through `ctr`, with a file as its input and nothing as its output. */
async function ingestAndGet(daemon: DaemonUnderTest, blob: Blob): Promise<[ingest: number, get: number]> {
  const file = join(daemon.directory, 'blob');
  writeFileSync(file, blob.bytes);
  const ctr = `'${peers.ctr('2.1.9')}' --address '${daemon.address}' --namespace ${daemon.namespace} content`;
  const run = async (command: string): Promise<void> => {
    const { code, stderr } = await runProgram('sh', ['-c', command]);
    if (code !== 0) throw new Error(`${command}: ${stderr}`);
  };
  const ingest = await timed(() => run(`${ctr} ingest --expected-digest ${blob.digest} bench < '${file}'`));
  const get = await timed(() => run(`${ctr} get ${blob.digest} > /dev/null`));
  rmSync(file);
  return [ingest, get];
}

/** Blobs in and out. */
export const content: Row = {
  id: 'content',
  quantities: [
    { title: 'write of 256 MiB through gRPC, 1 MiB a message, with its commit', unit: 'MB/s' },
    { title: 'read of it through gRPC', unit: 'MB/s' },
    { title: '`ctr content ingest` of 256 MiB', unit: 'MB/s' },
    { title: '`ctr content get` of it', unit: 'MB/s' },
  ],
  async measure(contestants, context) {
    const measured = noValues(this);
    await using first = await start(contestants[0]);
    await using second = await start(contestants[1]);
    const daemons = [first, second] as const;
    await inTurn(5 * context.effort, async (index, round) => {
      const daemon = daemons[index];
      const direct = new Blob(`direct ${String(round)}`);
      const byCtr = new Blob(`ctr ${String(round)}`);
      await runProgram('sync', []);
      const times = [...(await writeAndRead(daemon, direct)), ...(await ingestAndGet(daemon, byCtr))];
      record(measured, index, times.map(speed));
      await overSocket(daemon, async (transport, options) => {
        for (const { digest } of [direct, byCtr])
          await rpcClient(transport, ContentDefinition).delete({ digest }, options);
      });
    });
    return measured;
  },
};
