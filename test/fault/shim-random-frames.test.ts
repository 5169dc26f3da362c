import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { TaskDefinition } from '../../api/gen/containerd/task/v3/task.ts';
import { Request } from '../../api/gen/ttrpc/request.ts';
import { encodeFrame, frameType } from '../../api/ttrpc/frame.ts';
import { processFigures } from '../bench/process-figures.ts';
import { PseudoRandom } from '../lab/pseudo-random.ts';
import { RawTtrpc } from '../lab/raw-ttrpc.ts';
import { chosenShims, tellingFirst } from '../lab/shim-choice.ts';
import { ShimContainer } from '../lab/shim-container.ts';
import { ShimLab } from '../lab/shim-lab.ts';
import { childrenOf, descriptorKinds, keptKinds } from '../lab/shim-traces.ts';

/** `make soak-shim` sets more. */
const count = Number(process.env['CONNECTIONS'] ?? 600);
/** Connections after which a shim has what it needs, and its engine has collected for the first time. */
const first = 300;
/** What a shim may have grown by afterwards, in MiB: less than what it collects at, and than the room for a large frame. */
const mostGrowth = 1;

const methods = Object.values(TaskDefinition.methods).map(({ name }) => name);
const services = ['containerd.task.v3.Task', 'containerd.task.v2.Task', 'grpc.health.v1.Health'];

/** A message of fields with random numbers, types and values. */
function randomMessage(random: PseudoRandom, depth = 0): Uint8Array {
  const writer = new BinaryWriter();
  for (let fields = random.below(6); fields > 0; fields--) {
    const field = 1 + random.below(12);
    const kind = random.below(5);
    if (kind === 0) writer.uint32(field << 3).uint32(random.below(2 ** 32));
    else if (kind === 1) writer.uint32((field << 3) | 1).fixed64(BigInt(random.below(2 ** 32)) << 20n);
    else if (kind === 2) writer.uint32((field << 3) | 5).fixed32(random.below(2 ** 32));
    else if (kind === 3 && depth < 3) writer.uint32((field << 3) | 2).bytes(randomMessage(random, depth + 1));
    else writer.uint32((field << 3) | 2).bytes(random.bytes(random.below(60)));
  }
  return writer.finish();
}

/** A frame that is right, but for the message in it, or for a few of its bytes. */
function randomFrame(random: PseudoRandom, stream: number): Uint8Array {
  const request = Request.encode(
    Request.fromPartial({
      service: services[random.below(services.length)] ?? '',
      method: methods[random.below(methods.length)] ?? '',
      payload: randomMessage(random),
      timeoutNano: BigInt(random.below(3)) * 10_000_000n,
    }),
  ).finish();
  const type = random.below(8) === 0 ? random.below(256) : frameType.request;
  const flags = random.below(8) === 0 ? random.below(256) : 0;
  const bytes = encodeFrame({ stream, type, flags }, (writer) => writer.raw(request));
  if (random.below(3) === 0) bytes[random.below(bytes.length)] = random.below(256);
  return bytes;
}

/** Talks for a while, and leaves one way or another. */
async function talk(random: PseudoRandom, path: string): Promise<void> {
  using peer = await RawTtrpc.connect(path);
  for (let frames = random.below(8), stream = 1; frames >= 0; frames--, stream += 2) {
    if (random.below(4) === 0) peer.send(random.bytes(random.below(2000)));
    else peer.send(randomFrame(random, random.below(10) === 0 ? random.below(2 ** 32) : stream));
  }
  // Some wait until the other side has had enough of it, or has answered the last that was right.
  peer.request(100_001, { service: services[0] ?? '', method: 'Connect' });
  peer.end();
  if (random.below(4) !== 0) await peer.closed;
}

for (const shim of chosenShims()) {
  describe(`random frames to ${shim.name}`, () => {
    test(
      `${count} connections do no harm`,
      tellingFirst(async (t) => {
        const seed = process.env['SEED'] ?? randomBytes(4).toString('hex');
        t.diagnostic(`SEED=${seed}`);
        const random = new PseudoRandom(seed);
        await using lab = await ShimLab.open(shim);
        const container = await ShimContainer.run(lab);
        const { path } = container.shim;
        const pid = await container.shim.pid();
        // What is needed for the first is kept.
        for (let index = 0; index < first; index++) await talk(random, path);
        const [before, { privateDirty }] = [descriptorKinds(pid), processFigures(pid)];
        for (let index = 0; index < count; index++) await talk(random, path);
        assert.deepEqual(await keptKinds(pid, before, () => container.shim.pid()), []);
        assert.deepEqual(
          childrenOf(pid).map((child) => child.pid),
          [container.pid],
        );
        const growth = processFigures(pid).privateDirty - privateDirty;
        t.diagnostic(`grown by ${growth.toFixed(2)} MiB from ${privateDirty.toFixed(2)}`);
        assert.ok(growth < mostGrowth, `grown by ${growth} MiB`);
        assert.equal(await container.exec(['/bin/sh', '-c', 'exit 3']), 3);
        await container.end();
      }),
    );
  });
}
