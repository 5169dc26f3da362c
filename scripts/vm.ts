// Boots a virtual machine with Debian's kernel and a version 2 cgroup tree, runs a command in it, and ends with the command's exit code.
//
//   node scripts/vm.ts COMMAND [ARG...]
//
// The machine sees this machine's files at their places; what it writes goes to memory and is lost. `scripts/setup vm` gets what it needs.
// MEMORY=4G gives it more; the kernel's own messages are in build/vm/console.log.
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const root = join(import.meta.dirname, '..');
const emulator = join(root, '.cache/vm/emulator');
const kernel = join(root, '.cache/vm/kernel');
const busybox = join(root, '.cache/peers/busybox/busybox');
const memory = process.env['MEMORY'] ?? '3G';

/** The line that the guest ends with. */
const ending = /^vm: the command ended with (\d+)$/;

/** A program of the emulator's directory, under the loader and with the libraries that came with it. */
function program(name: string, args: readonly string[]): [string, string[]] {
  const lib = join(emulator, 'lib');
  return [join(lib, 'ld-linux-x86-64.so.2'), ['--library-path', lib, join(emulator, name), ...args]];
}

/** Makes the file system that the kernel starts with: busybox, and the script that goes on from there. */
function makeInitrd(directory: string, command: readonly string[]): string {
  const files = join(directory, 'initrd');
  for (const name of ['bin', 'proc', 'sys', 'dev', 'lower', 'rw', 'root'])
    mkdirSync(join(files, name), { recursive: true });
  cpSync(busybox, join(files, 'bin/busybox'));
  cpSync(join(root, 'test/vm/init'), join(files, 'init'));
  chmodSync(join(files, 'init'), 0o755);
  const quoted = command.map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`).join(' ');
  writeFileSync(
    join(files, 'settings'),
    `repository='${root}'\ndirectory='${process.cwd()}'\ncommand() { ${quoted}; }\n`,
  );
  const initrd = join(directory, 'initrd.cpio');
  const archived = spawnSync('sh', ['-c', `find . | "${busybox}" cpio -o -H newc >"${initrd}"`], { cwd: files });
  if (archived.status !== 0) throw new Error(`the initrd was not made: ${archived.stderr.toString()}`);
  return initrd;
}

async function main(command: readonly string[]): Promise<number> {
  if (command.length === 0) throw new Error('usage: node scripts/vm.ts COMMAND [ARG...]');
  if (!existsSync(join(kernel, 'vmlinuz'))) throw new Error('the virtual machine is not there: run "scripts/setup vm"');
  const directory = mkdtempSync(join(tmpdir(), 'gantry-vm-'));
  const log = join(root, 'build/vm');
  mkdirSync(log, { recursive: true });
  try {
    return await boot(directory, makeInitrd(directory, command), log);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

async function boot(directory: string, initrd: string, log: string): Promise<number> {
  const socket = join(directory, 'fs.sock');
  const share = [
    '--shared-dir',
    '/',
    '--readonly',
    '--sandbox',
    'none',
    '--cache',
    'always',
    '--no-announce-submounts',
  ];
  const server = spawn(...program('virtiofsd', [...share, '--socket-path', socket]), {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const serverEnd = new Promise((resolve) => server.once('close', resolve));
  await listening(server.stderr);
  const machine = spawn(
    ...program('qemu-system-x86_64', [
      ...['-L', join(emulator, 'share/qemu'), '-L', join(emulator, 'share/seabios')],
      ...['-machine', 'q35,accel=tcg', '-cpu', 'max', '-smp', '2', '-m', memory],
      ...['-object', `memory-backend-memfd,id=memory,size=${memory},share=on`, '-numa', 'node,memdev=memory'],
      ...['-kernel', join(kernel, 'vmlinuz'), '-initrd', initrd, '-append', 'console=ttyS0 panic=-1 loglevel=5'],
      ...['-nodefaults', '-no-reboot', '-display', 'none', '-serial', `file:${join(log, 'console.log')}`],
      ...['-chardev', `socket,id=files,path=${socket}`, '-device', 'vhost-user-fs-pci,chardev=files,tag=root'],
      ...[
        '-chardev',
        'stdio,id=output,signal=off',
        '-device',
        'virtio-serial-pci',
        '-device',
        'virtconsole,chardev=output',
      ],
      ...['-device', 'virtio-rng-pci'],
    ]),
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => machine.kill());
  let code: number | undefined;
  for await (const line of createInterface({ input: machine.stdout })) {
    const [, status] = ending.exec(line) ?? [];
    if (status === undefined) console.log(line);
    else code = Number(status);
  }
  server.kill();
  await serverEnd;
  if (code !== undefined) return code;
  console.log(`the virtual machine ended before its command did: see ${join(log, 'console.log')}`);
  return 125;
}

/** Waits until the server of files says that it waits for the machine. */
async function listening(output: NodeJS.ReadableStream): Promise<void> {
  for await (const line of createInterface({ input: output })) {
    if (line.includes('Waiting for vhost-user socket connection')) break;
  }
  output.resume();
}

process.exitCode = await main(process.argv.slice(2));
