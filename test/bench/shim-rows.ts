import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeFifo } from '../../pkg/sys/make-fifo.ts';
import { busyboxRootfs } from '../lab/busybox-rootfs.ts';
import { Ctr } from '../lab/ctr.ts';
import { DaemonCalls } from '../lab/daemon-calls.ts';
import type { DaemonUnderTest } from '../lab/daemon-under-test.ts';
import { peers } from '../lab/peers.ts';
import { endShim } from '../lab/shim-container.ts';
import { inLanes } from '../lab/shim-choice.ts';
import { DaemonContainer } from '../lab/shim-daemon-container.ts';
import { ShimLab } from '../lab/shim-lab.ts';
import { shimPid } from '../lab/shim-pid.ts';
import { processFigures } from './process-figures.ts';
import { inTurn, noValues, record, type Row, settle, timed, withBoth } from './row.ts';

/** A row of the daemons' with ours over its own shim: what its users get, against containerd as a whole. */
export function withOwnShim(row: Row): Row {
  return {
    id: `shim-${row.id}`,
    quantities: row.quantities.map((quantity) => ({ ...quantity, title: `${quantity.title}, over our shim` })),
    measure: ([, second], context) => row.measure(['gantry+shim', second], context),
  };
}

/** Our shim, and containerd's, under Gantry: one container that sleeps. */
export const shimMemory: Row = {
  id: 'shim-memory',
  quantities: [
    { title: 'private memory of a shim, one container, idle; both shims under Gantry', unit: 'MiB' },
    { title: 'its resident memory', unit: 'MiB' },
  ],
  async measure(_, context) {
    const measured = noValues(this);
    await withBoth(['gantry+shim', 'gantry'], context, (daemons) =>
      inTurn(1 + 4 * context.effort, async (index, round) => {
        const daemon = daemons[index];
        const ctr = new Ctr(daemon);
        const id = `idle-${String(round)}`;
        await ctr.ok(['run', '-d', context.busybox, id, 'sleep', '10000']);
        await settle();
        const { privateDirty, resident } = processFigures(shimPid(id, daemon.address));
        record(measured, index, [privateDirty, resident]);
        await ctr.ok(['task', 'rm', '--force', id]);
        await ctr.ok(['container', 'rm', id]);
      }),
    );
    return measured;
  },
};

/** Everything that a hundred containers need beside themselves. */
export const shimHundred: Row = {
  id: 'shim-hundred',
  quantities: [
    { title: 'private memory of the daemon and 100 shims together, 100 containers, ours over our shim', unit: 'MiB' },
    { title: 'that of the shims alone', unit: 'MiB' },
  ],
  async measure([, second], context) {
    const measured = noValues(this);
    await withBoth(['gantry+shim', second], context, (daemons) =>
      inTurn(1, async (index) => {
        const daemon = daemons[index];
        const ctr = new Ctr(daemon);
        const ids = Array.from({ length: 100 }, (_, number) => `hundred-${String(number)}`);
        await inLanes(ids.length, 10, async (number) => {
          await ctr.ok(['run', '-d', context.busybox, ids[number] ?? '', 'sleep', '10000']);
        });
        await settle();
        const shims = ids
          .map((id) => processFigures(shimPid(id, daemon.address)).privateDirty)
          .reduce((sum, each) => sum + each, 0);
        record(measured, index, [shims + processFigures(daemon.pid).privateDirty, shims]);
        await ctr.ok(['task', 'rm', '--force', ...ids]);
        await ctr.ok(['container', 'rm', ...ids]);
      }),
    );
    return measured;
  },
};

/** From the start of the binary to its answer: what a create waits for before it can ask anything. */
export const shimStart: Row = {
  id: 'shim-start',
  quantities: [{ title: 'start of a shim until its answer; ours, and that of containerd 2.1.9', unit: 'ms' }],
  async measure(_, context) {
    const measured = noValues(this);
    const programs = [peers.gantryShim(), peers.shim('2.1.9')] as const;
    await using ours = await ShimLab.open({ binary: programs[0], bootstrapParams: true });
    await using theirs = await ShimLab.open({ binary: programs[1], bootstrapParams: true });
    const labs = [ours, theirs] as const;
    await inTurn(1 + 30 * context.effort, async (index, round) => {
      const lab = labs[index];
      const bundle = lab.bundle();
      const input = lab.bootstrapParams(bundle);
      const time = await timed(() => lab.call(bundle, 'start', input));
      if (round > 0) record(measured, index, [time]);
      const client = await lab.start(bundle);
      await endShim(client, bundle.id);
    });
    return measured;
  },
};

const lineLength = 100;
const dataSize = 64 << 20;
/** How often a container writes the file: half a GB in all. */
const repeats = 8;

/** Where output goes; what only our shim knows is measured of it alone. */
const sinks = ['FIFO', 'file', 'CRI log'] as const;

/** One container that writes, and what that cost. */
async function writeOut(
  daemon: DaemonUnderTest,
  rootfs: string,
  sink: (typeof sinks)[number],
): Promise<[speed: number, cpu: number]> {
  await using calls = new DaemonCalls(daemon);
  const host = { daemon, calls, rootfs, runtime: 'io.containerd.runc.v2' };
  const path = join(daemon.directory, 'output');
  if (sink === 'FIFO') makeFifo(path, 0o600);
  const reader = sink === 'FIFO' ? spawn('cat', [path], { stdio: ['ignore', 'ignore', 'inherit'] }) : undefined;
  // It ends with the last writer, which may be before the container is removed.
  const exited = reader && once(reader, 'exit');
  const uri = sink === 'FIFO' ? path : `${sink === 'file' ? 'file' : 'cri-log'}://${path}`;
  const spec = { args: ['/bin/cat', ...new Array<string>(repeats).fill('/data')] };
  const container = await DaemonContainer.record(host, spec);
  await container.create(spec, { stdout: uri, stderr: uri });
  const shim = shimPid(container.id, daemon.address);
  const cpu = (): number => processFigures(shim).cpu + processFigures(daemon.pid).cpu;
  const before = cpu();
  const time = await timed(async () => {
    await container.start();
    await container.wait();
  });
  const spent = cpu() - before;
  await container.remove();
  await exited;
  rmSync(path);
  const bytes = dataSize * repeats;
  return [bytes / 1e6 / (time / 1000), spent / (bytes / 1e9)];
}

/** What a container writes, on its way out. */
export const shimOutput: Row = {
  id: 'shim-output',
  quantities: sinks.flatMap((sink) => [
    { title: `output of a container to a ${sink}; both shims under Gantry`, unit: 'MB/s' as const },
    { title: 'processor time of shim and daemon for a GB of it', unit: 's' as const },
  ]),
  async measure(_, context) {
    const measured = noValues(this);
    await withBoth(['gantry+shim', 'gantry'], context, async (daemons) => {
      const line = `${'x'.repeat(lineLength - 1)}\n`;
      const data = Buffer.alloc(dataSize, line);
      const roots = daemons.map((daemon) => {
        const rootfs = busyboxRootfs(daemon.directory);
        writeFileSync(join(rootfs, 'data'), data);
        return rootfs;
      });
      await inTurn(1 + 4 * context.effort, async (index, round) => {
        for (const [place, sink] of sinks.entries()) {
          if (sink === 'CRI log' && index === 1) continue;
          const values = await writeOut(daemons[index], roots[index] ?? '', sink);
          if (round > 0) values.forEach((value, offset) => measured[2 * place + offset]?.[index].push(value));
        }
      });
    });
    return measured;
  },
};
