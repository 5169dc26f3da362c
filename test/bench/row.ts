import { connect } from 'node:net';
import { GrpcClient } from '../../api/grpc/grpc-client.ts';
import type { CallOptions } from '../../api/rpc/call-options.ts';
import type { RpcTransport } from '../../api/rpc/rpc-transport.ts';
import { Ctr } from '../lab/ctr.ts';
import { DaemonUnderTest, type DaemonOptions } from '../lab/daemon-under-test.ts';
import type { BenchImage } from './bench-images.ts';

/** One of the two daemons that are compared; `gantry+shim` is Gantry over its own shim. */
export type Contestant = DaemonOptions['kind'] | 'gantry+shim';

/** One line of the table: smaller is better, but for speeds. */
export interface Quantity {
  readonly title: string;
  readonly unit: 's' | 'ms' | 'MiB' | 'MB/s';
}

/** What a row's function gets. */
export interface BenchContext {
  /** The small image in the bench's registry. */
  readonly busybox: string;
  /** The reference of an image there; one that is not there yet is made first, once. */
  image(name: BenchImage): Promise<string>;
  /** Measures again so often, where a row's own number of rounds is multiplied; 0.1 for a quick look. */
  readonly effort: number;
}

/** Something to do with two daemons in turn, which gives one or more lines of the table. */
export interface Row {
  readonly id: string;
  readonly quantities: readonly Quantity[];
  /** Gives, for each quantity, the values of the first and of the second contestant. */
  measure(contestants: readonly [Contestant, Contestant], context: BenchContext): Promise<Measured[]>;
}

/** The values of one quantity, by contestant. What only one of them can tell leaves the other's list empty. */
export type Measured = [first: number[], second: number[]];

/** Starts one, with the same shim under both, what is compared being the daemon; unless the shim is compared as well. */
export async function start(kind: Contestant, env: Readonly<Record<string, string>> = {}): Promise<DaemonUnderTest> {
  if (kind === 'gantry+shim') return DaemonUnderTest.start({ kind: 'gantry', shim: 'gantry', logLevel: 'info', env });
  return DaemonUnderTest.start({ kind, shim: '2.1.9', logLevel: 'info', env });
}

/** How long something takes, in milliseconds. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

/** Does something with both, in turn, the second first every other time. */
export async function inTurn(rounds: number, work: (index: 0 | 1, round: number) => Promise<void>): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    for (const index of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) await work(index, round);
  }
}

/** Starts both, pulls the small image into both, and stops both afterwards. */
export async function withBoth(
  [first, second]: readonly [Contestant, Contestant],
  context: BenchContext,
  work: (daemons: readonly [DaemonUnderTest, DaemonUnderTest]) => Promise<void>,
): Promise<void> {
  await using one = await start(first);
  await using two = await start(second);
  for (const daemon of [one, two]) await new Ctr(daemon).ok(['image', 'pull', '--plain-http', context.busybox]);
  await work([one, two]);
}

/** Does something over one gRPC connection to a daemon, with its namespace among the options of calls. */
export async function overSocket<T>(
  daemon: DaemonUnderTest,
  work: (transport: RpcTransport, options: CallOptions) => Promise<T>,
): Promise<T> {
  await using transport = new GrpcClient(() => connect(daemon.address));
  return await work(transport, { namespace: daemon.namespace });
}

/** No values yet for each of a row's quantities. */
export function noValues({ quantities }: Pick<Row, 'quantities'>): Measured[] {
  return quantities.map(() => [[], []]);
}

/** Adds one value to each quantity, in their order. */
export function record(measured: readonly Measured[], index: 0 | 1, values: readonly number[]): void {
  values.forEach((value, quantity) => measured[quantity]?.[index].push(value));
}

/** Waits until a daemon is at rest after some work; nothing tells that from outside. */
export async function settle(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 3000));
}
