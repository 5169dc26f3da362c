import assert from 'node:assert/strict';
import { constants, mkdirSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { busyboxRootfs } from '../../../lab/busybox-rootfs.ts';
import { FifoReader, FifoWriter } from '../../../lab/fifo-ends.ts';
import { peers } from '../../../lab/peers.ts';
import { runProgram } from '../../../lab/run-program.ts';
import { ociSpec } from '../../../lab/shim-bundle.ts';
import { uniqueName } from '../../../lab/unique-name.ts';
import type { StdioRequest } from '../../../../shim/stdio/process-stdio.ts';
import { TestStdio, type StdioHost } from './stdio-host.ts';
import type { SuiteContext } from './suite-context.ts';

/** A container of runc with a terminal on a host's streams. */
class TerminalContainer implements AsyncDisposable {
  readonly io: TestStdio;
  readonly #host: StdioHost;
  readonly #id: string;
  readonly #bundle: string;
  #pid = 0;

  private constructor(host: StdioHost, io: TestStdio, id: string, bundle: string) {
    this.#host = host;
    this.io = io;
    this.#id = id;
    this.#bundle = bundle;
  }

  static async run(
    context: SuiteContext,
    script: string,
    request: Partial<StdioRequest>,
    folder = '',
  ): Promise<TerminalContainer> {
    const id = uniqueName('tty');
    const bundle = join(context.directory, id, folder);
    mkdirSync(bundle, { recursive: true });
    const spec = ociSpec('gantry-tty', id, {
      args: ['/bin/sh', '-c', script],
      terminal: true,
      root: busyboxRootfs(bundle),
      // At the top: runc removes a container's own cgroup, not those that it made above it.
      cgroupsPath: `/${id}`,
    });
    writeFileSync(join(bundle, 'config.json'), JSON.stringify(spec));
    const io = await TestStdio.open(context.host(), { ...request, terminal: true, bundle });
    const made = new TerminalContainer(context.host(), io, id, bundle);
    try {
      const socket = io.opened.consoleSocket ?? assert.fail('no console socket');
      await made.#runc('create', '--console-socket', socket, '--bundle', bundle, '--pid-file', join(bundle, 'pid'), id);
      made.#pid = Number(readFileSync(join(bundle, 'pid'), 'utf8'));
      await io.call('started');
      return made;
    } catch (error) {
      await made[Symbol.asyncDispose]();
      throw error;
    }
  }

  async start(): Promise<void> {
    await this.#runc('start', this.#id);
  }

  /** The exit status, when all output is where it goes. */
  async ended(): Promise<number> {
    const status = await this.#host.exit(this.#pid);
    await this.io.call('drained', { limit: 20_000 });
    return status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#runc('delete', '--force', this.#id);
    await this.io[Symbol.asyncDispose]();
  }

  async #runc(...args: readonly string[]): Promise<void> {
    const log = join(this.#bundle, 'runc.log');
    const pid = await this.io.spawn(peers.runc(), [
      'runc',
      '--root',
      join(this.#bundle, 'runc'),
      '--log',
      log,
      ...args,
    ]);
    const status = await this.#host.exit(pid);
    if (status !== 0) throw new Error(`runc ${args.join(' ')} ended with ${status}: ${readFileSync(log, 'utf8')}`);
  }
}

/** Terminals, of real containers. */
export function terminalSuite(context: SuiteContext): void {
  suite('terminals', { timeout: 120_000 }, () => {
    const host = () => context.host();
    const fifo = async (name: string): Promise<string> => {
      const path = join(context.directory, name);
      assert.equal((await runProgram('mkfifo', [path])).code, 0);
      return path;
    };

    test('what is typed arrives, what is written comes back, and the last of it is not lost', async () => {
      const before = await host().call('descriptors');
      const [stdin, stdout] = [await fifo('tty-in'), await fifo('tty-out')];
      {
        await using container = await TerminalContainer.run(context, 'read x; echo "got $x"; seq 1 20000; exit 6', {
          stdin,
          stdout,
        });
        using reader = new FifoReader(stdout);
        await container.start();
        using writer = new FifoWriter(stdin);
        await writer.write('typed\n');
        assert.equal(await container.ended(), 6);
        const numbers = Array.from({ length: 20_000 }, (_, i) => `${i + 1}\r\n`).join('');
        assert.equal((await reader.all).toString(), `typed\r\ngot typed\r\n${numbers}`);
      }
      assert.equal(await host().call('descriptors'), before);
    });

    test('its size is what it was last told, before it is there and after', async () => {
      const stdout = await fifo('tty-size');
      await using container = await TerminalContainer.run(
        context,
        'trap "stty size" WINCH; stty size; echo ready; while :; do usleep 1000; done',
        { stdout },
      );
      using reader = new FifoReader(stdout);
      await container.io.call('resize', { columns: 123, rows: 45 });
      await container.start();
      await reader.match(/45 123\r\nready/);
      await container.io.call('resize', { columns: 80, rows: 24 });
      await reader.match(/24 80\r\n/);
    });

    test('a client comes late, leaves and comes back', async () => {
      const [stdin, stdout] = [await fifo('tty-back-in'), await fifo('tty-back-out')];
      await using container = await TerminalContainer.run(context, 'echo early; while read x; do echo "got $x"; done', {
        stdin,
        stdout,
      });
      await container.start();
      const first = new FifoReader(stdout);
      await first.match(/early\r\n/);
      first[Symbol.dispose]();
      for (const word of ['one', 'two']) {
        using writer = new FifoWriter(stdin);
        await writer.write(`${word}\n`);
      }
      using second = new FifoReader(stdout);
      await second.match(/got two\r\n/);
      // What ends a terminal's input is a character.
      using writer = new FifoWriter(stdin);
      await writer.write('\x04');
      assert.equal(await container.ended(), 0);
      await second.all;
    });

    test('a terminal that its process closes and opens again goes on', async () => {
      const stdout = await fifo('tty-reopened');
      const script =
        'echo before; tty=$(tty); exec 3>/dev/null 0<&3 1>&3 2>&3; usleep 50000; exec >$tty; echo after; exec >/dev/null; usleep 50000; echo last >$tty';
      await using container = await TerminalContainer.run(context, script, { stdout });
      using reader = new FifoReader(stdout);
      await container.start();
      assert.equal(await container.ended(), 0);
      assert.equal((await reader.all).toString(), 'before\r\nafter\r\nlast\r\n');
    });

    test('the end of stdin hangs the terminal up', async () => {
      const [stdin, stdout] = [await fifo('tty-hup-in'), await fifo('tty-hup-out')];
      await using container = await TerminalContainer.run(context, 'echo here; cat', { stdin, stdout });
      using reader = new FifoReader(stdout);
      await container.start();
      await reader.match(/here/);
      await container.io.call('closeStdin');
      // That it ends is what counts: it reads an end, or dies of SIGHUP, whichever comes first.
      await container.ended();
    });

    test('input that nobody reads, and output that nobody takes, hold nobody else', async () => {
      const [stdin, stdout] = [await fifo('tty-full-in'), await fifo('tty-full-out')];
      await using container = await TerminalContainer.run(
        context,
        'stty raw -echo; echo ready; read x; head -c 300000 /dev/zero; exit 3',
        { stdin, stdout },
      );
      await container.start();
      const fd = openSync(stdout, constants.O_RDONLY | constants.O_NONBLOCK);
      using writer = new FifoWriter(stdin);
      const sent = writer.write(Buffer.alloc(300_000, 'x\n'));
      void sent.catch(() => undefined);
      await using other = await TestStdio.open(host(), {});
      assert.equal(await other.run('exit 4'), 4);
      let taken = 0;
      const buffer = Buffer.alloc(65536);
      while (taken < 300_000) {
        try {
          taken += readSync(fd, buffer);
        } catch (error) {
          assert.equal((error as NodeJS.ErrnoException).code, 'EAGAIN');
          await new Promise((resolve) => setImmediate(resolve));
        }
      }
      assert.equal(await container.ended(), 3);
    });

    test('output goes to a file, a logger or a CRI log too, from a bundle with a long path', async () => {
      const [file, log, logged] = ['tty-file', 'tty-log', 'tty-logged'].map((name) => join(context.directory, name));
      const script = `exec 5>&-; cat <&3 >${logged}`;
      const forms = [
        `file://${file}`,
        `cri-log://${log}`,
        `binary://${peers.busybox()}?sh=-c&${encodeURIComponent(script)}=`,
      ];
      for (const stdout of forms) {
        await using container = await TerminalContainer.run(
          context,
          'echo out; echo err >&2',
          { stdout },
          'deep/'.repeat(20),
        );
        await container.start();
        assert.equal(await container.ended(), 0);
      }
      assert.equal(readFileSync(file ?? '', 'utf8'), 'out\r\nerr\r\n');
      assert.equal(readFileSync(logged ?? '', 'utf8'), 'out\r\nerr\r\n');
      assert.match(readFileSync(log ?? '', 'utf8'), /^\S+ stdout F out\n\S+ stdout F err\n$/);
    });

    test('a runtime that sends no terminal fails the start, and leaves nothing', async () => {
      const before = await host().call('descriptors');
      const stdout = await fifo('tty-none');
      const io = await TestStdio.open(host(), { stdout, terminal: true, bundle: context.directory });
      const socket = io.opened.consoleSocket ?? assert.fail('no console socket');
      const { code } = await runProgram(process.execPath, [
        '-e',
        `require('net').connect(${JSON.stringify(socket)}, function () { this.end('x') })`,
      ]);
      assert.equal(code, 0);
      await assert.rejects(io.call('started'), /failed to retrieve console master/);
      await io[Symbol.asyncDispose]();
      assert.equal(await host().call('descriptors'), before);
    });
  });
}
