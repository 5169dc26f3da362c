import assert from 'node:assert/strict';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Metrics as MetricsV1 } from '../../../api/gen/io/containerd/cgroups/v1/metrics.ts';
import { Metrics as MetricsV2 } from '../../../api/gen/io/containerd/cgroups/v2/metrics.ts';
import { busyboxRootfs } from '../../lab/busybox-rootfs.ts';
import { Ctr } from '../../lab/ctr.ts';
import { DaemonCalls } from '../../lab/daemon-calls.ts';
import { DaemonUnderTest } from '../../lab/daemon-under-test.ts';
import { runProgram } from '../../lab/run-program.ts';
import { uniqueName } from '../../lab/unique-name.ts';

/** What is asked of metrics besides being containerd's. */
interface Facts {
  readonly limit: bigint | undefined;
  readonly processes: bigint | undefined;
  readonly used: boolean;
}

interface Version {
  readonly typeUrl: string;
  decode(bytes: Uint8Array): object;
  facts(bytes: Uint8Array): Facts;
}

const version1: Version = {
  typeUrl: 'io.containerd.cgroups.v1.Metrics',
  decode: (bytes) => MetricsV1.decode(bytes),
  facts: (bytes) => {
    const { memory, pids, cpu } = MetricsV1.decode(bytes);
    const used = (cpu?.usage?.total ?? 0n) > 0n && (memory?.usage?.usage ?? 0n) > 0n;
    return { limit: memory?.usage?.limit, processes: pids?.current, used };
  },
};

const version2: Version = {
  typeUrl: 'io.containerd.cgroups.v2.Metrics',
  decode: (bytes) => {
    const metrics = MetricsV2.decode(bytes);
    // Containerd's shim takes the sizes as a directory happens to list them.
    metrics.hugetlb.sort((a, b) => a.pagesize.localeCompare(b.pagesize));
    return metrics;
  },
  facts: (bytes) => {
    const { memory, pids, cpu } = MetricsV2.decode(bytes);
    const used = (cpu?.usageUsec ?? 0n) > 0n && (memory?.usage ?? 0n) > 0n;
    return { limit: memory?.usageLimit, processes: pids?.current, used };
  },
};

/** That of this machine. */
const version = existsSync('/sys/fs/cgroup/cgroup.controllers') ? version2 : version1;

async function ourStats(program: string, pid: number): Promise<Uint8Array> {
  const { stdout, stderr } = await runProgram(program, [], { input: `stats ${pid}\n` });
  const [type, value = ''] = stdout.trim().split(' ');
  assert.equal(type, version.typeUrl, stderr);
  return Buffer.from(value, 'hex');
}

type Told = [path: string, value: unknown][];

/** Every number and text of a message, by its path, and every message that is there. */
function flatten(value: unknown, path = ''): Told {
  if (typeof value !== 'object' || value === null) return value === undefined ? [] : [[path, value]];
  return [[path, 'there'], ...Object.entries(value).flatMap(([key, inner]) => flatten(inner, `${path}.${key}`))];
}

/** What was told, but for numbers that changed: those between what was told before and after count as the former. */
function between(told: Told, before: Told, after: Told): Told {
  const [first, last] = [new Map(before), new Map(after)];
  return told.map(([path, value]) => {
    const [a, b] = [first.get(path), last.get(path)];
    const within =
      isNumber(value) && isNumber(a) && isNumber(b) && (a < b ? a <= value && value <= b : b <= value && value <= a);
    return [path, within ? a : value];
  });
}

function isNumber(value: unknown): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}

/** That the answer to Stats is containerd's, whatever the version of the machine's cgroups. @param program `cgroup-program.ts` as it was built */
export function statsCases(program: string): void {
  test("the answer to Stats is that of containerd's own shim, field by field", async () => {
    await using daemon = await DaemonUnderTest.start({ kind: '2.1.9' });
    await using calls = new DaemonCalls(daemon);
    const ctr = new Ctr(daemon);
    const id = uniqueName('c');
    const rootfs = busyboxRootfs(daemon.directory);
    const data = join(daemon.directory, 'data');
    mkdirSync(data);
    const script = 'echo a > /data/b; sync; x=$(head -c 3000000 /dev/zero | tr "\\0" a); echo ready; exec sleep 100000';
    const limits = ['--memory-limit', '67108864', '--cpus', '0.1'];
    const mount = ['--mount', `type=bind,src=${data},dst=/data,options=rbind:rw`];
    const run = await ctr.start([
      'run',
      '--rootfs',
      ...limits,
      ...mount,
      rootfs,
      id,
      '/bin/busybox',
      'sh',
      '-c',
      script,
    ]);
    await run.output(/ready/);
    // Frozen, hardly anything changes: the kernel's own sums of memory come late.
    await ctr.ok(['task', 'pause', id]);
    try {
      const { process } = await calls.tasks.get({ containerId: id, execId: '' }, calls.options);
      const ours = await ourStats(program, process?.pid ?? 0);
      const { metrics } = await calls.tasks.metrics({ filters: [`id==${id}`] }, calls.options);
      const answer = metrics[0]?.data;
      assert.equal(answer?.typeUrl, version.typeUrl);
      const later = await ourStats(program, process?.pid ?? 0);
      const [before, after] = [flatten(version.decode(ours)), flatten(version.decode(later))];
      assert.deepEqual(between(flatten(version.decode(answer.value)), before, after), before);
      assert.deepEqual(version.facts(ours), { limit: 67108864n, processes: 1n, used: true });
    } finally {
      await ctr.ok(['task', 'resume', id]);
      await ctr.ok(['task', 'kill', '--all', '-s', 'SIGKILL', id]);
      await run.exited;
      await ctr.run(['task', 'rm', '-f', id]);
      await ctr.ok(['container', 'rm', id]);
    }
  });
}
