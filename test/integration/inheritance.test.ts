import assert from 'node:assert/strict';
import { chmodSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { busyboxRootfs } from '../lab/busybox-rootfs.ts';
import { Ctr } from '../lab/ctr.ts';
import { DaemonUnderTest, type DaemonOptions } from '../lab/daemon-under-test.ts';
import { peers } from '../lab/peers.ts';
import { shimPid } from '../lab/shim-pid.ts';
import { descriptorsOf } from '../lab/shim-traces.ts';
import { untilHeard } from '../lab/until-heard.ts';

// Nobody's defaults, so that whoever puts values of his own in their place is seen, and a descriptor that is nobody's business. What the
// shell adds to the environment goes.
const unusual = [
  'sh',
  '-c',
  'umask 0027 && ulimit -Sn 2048 && ulimit -Ss 4096 && exec 9</dev/null env -u PWD -u OLDPWD MARK=1 "$@"',
  'sh',
];

/** What a process says of itself, in the words of proc(5). The last descriptor is the shell's own, while it reads the directory. */
function selfPortrait(busybox: string): string {
  return [
    `${busybox} cat /proc/self/status /proc/self/limits`,
    `echo oom_score_adj: $(${busybox} cat /proc/self/oom_score_adj)`,
    `for fd in /proc/$$/fd/*; do echo "descriptor \${fd##*/}: $(${busybox} readlink $fd)"; done`,
    `${busybox} tr '\\0' '\\n' < /proc/$$/environ | ${busybox} sort`,
  ].join('\n');
}

/** Of /proc/PID/status, what comes from the parent; the rest differs from process to process. */
const inherited = /^(Umask|Uid|Gid|Groups|NoNewPrivs|Seccomp|Cpus_allowed|Mems_allowed|(Cap|Sig(Blk|Ign|Cgt))\w*):/;

/**
 * Signals 32 and 33 belong to glibc, which lets no program reset them: whoever was started with them ignored hands that on. Ours resets
 * them by a system call (the tests of spawning look at it), so the two differ where the tests themselves were started like that.
 */
function withoutGlibcSignals(line: string): string {
  const [, digits] = /^SigIgn:\t([0-9a-f]{16})$/.exec(line) ?? [];
  if (digits === undefined) return line;
  return `SigIgn:\t${(BigInt(`0x${digits}`) & ~(3n << 31n)).toString(16).padStart(16, '0')}`;
}

/** Lines that two daemons must agree on. */
interface Facts {
  /** The shim's binary as the daemon starts it. */
  readonly start: readonly string[];
  /** The shim that then runs, seen from outside. */
  readonly shim: readonly string[];
  readonly container: readonly string[];
  readonly terminal: readonly string[];
  readonly exec: readonly string[];
}

/** Drops lines of a status that say nothing of the parent, and what is one run's own. */
function normalised(text: string, names: ReadonlyMap<string, string>): string[] {
  let rest = text;
  for (const [name, placeholder] of names) rest = rest.replaceAll(name, placeholder);
  return rest
    .split(/\r*\n/)
    .filter((line) => line !== '' && (!/^\w+:\t/.test(line) || inherited.test(line)))
    .map(withoutGlibcSignals)
    .map((line) => line.replace(/(pipe|socket):\[\d+\]/, '$1').replace(/(?<=\/fifo\/)\d+/, '<number>'));
}

/** A shim's binary that notes what it was started with, each command in a file of its name, and goes on as the real one. */
function notingShim(directory: string): string {
  const file = join(directory, 'containerd-shim-noting-v2');
  const portrait = selfPortrait(peers.busybox());
  const script = `#!/bin/sh\nfor command; do :; done\n{ echo "$@"\n${portrait}\n} > "$0.$command"\n`;
  writeFileSync(file, `${script}exec ${peers.shim('2.1.9')} "$@"\n`);
  chmodSync(file, 0o755);
  return file;
}

/** A spec as `ctr` makes them, but without limits, so that the container gets those of the daemon. */
async function unlimitedSpec(ctr: Ctr, daemon: DaemonUnderTest, rootfs: string, args: string[]): Promise<string> {
  const spec = JSON.parse(await ctr.ok(['oci', 'spec'])) as { process: object; root: object; linux: object };
  const process = { ...spec.process, args, rlimits: [] };
  const linux = { ...spec.linux, cgroupsPath: `/${daemon.namespace}/main` };
  const file = join(daemon.directory, 'spec.json');
  writeFileSync(file, JSON.stringify({ ...spec, process, linux, root: { ...spec.root, path: rootfs } }));
  return file;
}

/** What shows of another process. */
function seenFromOutside(pid: number, names: ReadonlyMap<string, string>): string[] {
  const read = (name: string): string => readFileSync(`/proc/${pid}/${name}`, 'utf8');
  const link = (name: string): string => readlinkSync(`/proc/${pid}/${name}`);
  const [, group, session] = read('stat')
    .replace(/.*\) . /, '')
    .split(' ')
    .map(Number);
  // How many there are, and of which kind those of children and of splices are, is for Go to decide from moment to moment.
  const descriptors = new Set(
    [...descriptorsOf(pid).values()]
      .filter((target) => target !== 'anon_inode:[pidfd]')
      .flatMap((target) => normalised(target, names)),
  );
  return [
    // What Go's threads block and handle is their own affair.
    ...normalised(read('status'), names).filter((line) => !/^Sig(Blk|Cgt)/.test(line)),
    ...normalised(read('limits'), names),
    `oom_score_adj: ${read('oom_score_adj').trim()}`,
    `leads its group: ${group === pid}, its session: ${session === pid}`,
    ...normalised(`cwd: ${link('cwd')}`, names),
    ...normalised(read('cmdline').replaceAll('\0', ' '), names),
    ...normalised(read('environ').split('\0').sort().join('\n'), names),
    ...[...descriptors].sort().map((target) => `descriptor: ${target}`),
  ];
}

async function facts(kind: DaemonOptions['kind']): Promise<Facts> {
  await using daemon = await DaemonUnderTest.start({ kind, shim: '2.1.9', launcher: unusual });
  const ctr = new Ctr(daemon);
  const rootfs = busyboxRootfs(daemon.directory);
  const names = new Map([
    [`-publish-binary ${kind === 'gantry' ? peers.gantry() : peers.containerd(kind)} `, '-publish-binary <daemon> '],
    [daemon.directory, '<directory>'],
    [daemon.namespace, '<namespace>'],
  ]);
  const command = ['/bin/sh', '-c', untilHeard(selfPortrait('/bin/busybox'))];
  const noting = notingShim(daemon.directory);
  const spec = await unlimitedSpec(ctr, daemon, rootfs, command);
  const container = await ctr.hear(['run', '--rm', '--runtime', noting, '--config', spec, 'main']);
  const start = readFileSync(`${noting}.start`, 'utf8');
  const terminal = await ctr.hear(['run', '--rm', '-t', '--rootfs', rootfs, 'terminal', ...command], {
    terminal: true,
  });
  await ctr.ok(['run', '-d', '--rootfs', rootfs, 'idle', '/bin/sleep', '1000']);
  const shim = seenFromOutside(shimPid('idle', daemon.address), names);
  const exec = await ctr.hear(['task', 'exec', '--exec-id', 'inherit-e', 'idle', ...command]);
  await ctr.ok(['task', 'kill', '-s', 'SIGKILL', 'idle']);
  // By force, as it waits for the end; the exit code is the container's.
  await ctr.run(['task', 'rm', '-f', 'idle']);
  await ctr.ok(['container', 'rm', 'idle']);
  return {
    start: normalised(start, names),
    shim,
    container: normalised(container, names),
    terminal: normalised(terminal, names),
    exec: normalised(exec, names),
  };
}

describe('what we start inherits nothing by accident', () => {
  let theirs: Facts;
  let ours: Facts;
  before(async () => {
    theirs = await facts('2.1.9');
    ours = await facts('gantry');
  });

  test('the conditions were unusual, and reached all whom they should', () => {
    assert.ok(theirs.start.includes('Umask:\t0027'));
    assert.ok(theirs.start.includes('MARK=1'));
    assert.ok(theirs.start.some((line) => /^Max open files +2048 /.test(line)));
    assert.ok(theirs.container.some((line) => /^Max stack size +4194304 /.test(line)));
    for (const { start, container, exec, terminal } of [theirs, ours]) {
      for (const lines of [start, container, exec, terminal]) assert.ok(lines.length > 30);
    }
  });
  test('a shim that starts', () => {
    // Ours sends BootstrapParams, as containerd does from 2.3 on, even if there are no options.
    const common = (lines: readonly string[]) => lines.filter((line) => !/^descriptor (?![12]:)/.test(line));
    assert.deepEqual(common(ours.start), common(theirs.start));
  });
  test('a shim that starts has no descriptor that the daemon was left with', () => {
    assert.ok(theirs.start.includes('descriptor 9: /dev/null'));
    // Beyond the three, what the shell itself opens.
    const numbers = ours.start
      .map((line) => /^descriptor (\d+)/.exec(line)?.[1])
      .filter((number) => number !== undefined);
    assert.deepEqual(numbers, ['0', '1', '10', '11', '2', '3']);
  });
  test('a shim that runs', () => assert.deepEqual(ours.shim, theirs.shim));
  test('a container', () => assert.deepEqual(ours.container, theirs.container));
  test('a container with a terminal', () => assert.deepEqual(ours.terminal, theirs.terminal));
  test('an exec', () => assert.deepEqual(ours.exec, theirs.exec));
});
