import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { fileMatches } from '../../../lab/file-matches.ts';
import { peers } from '../../../lab/peers.ts';
import { TestStdio } from './stdio-host.ts';
import type { SuiteContext } from './suite-context.ts';

/** The URI of a script that is the logger: `sh -c SCRIPT`, whose `$0` and further arguments are `rest`. */
function logger(script: string, scheme = 'binary'): string {
  return `${scheme}://${peers.busybox()}?sh=-c&${encodeURIComponent(script)}=`;
}

const ready = 'exec 5>&-;';

/** Output to programs. */
export function loggerSuite(context: SuiteContext): void {
  suite('loggers', { timeout: 120_000 }, () => {
    const host = () => context.host();
    const at = (name: string): string => join(context.directory, name);

    test('large output arrives whole, and deleting waits for it', async () => {
      const path = at('logger-large');
      const uri = logger(`${ready} cat <&3 > ${path}; echo done >> ${path}`);
      const io = await TestStdio.open(host(), { stdout: uri, stderr: uri });
      assert.equal(await io.run(`cat ${context.large.path}`), 0);
      await io[Symbol.asyncDispose]();
      const all = readFileSync(path);
      assert.equal(all.subarray(-5).toString(), 'done\n');
      assert.equal(createHash('sha256').update(all.subarray(0, -5)).digest('hex'), context.large.sha256);
    });

    test('it gets its arguments in order, two variables, and the descriptors 3, 4 and 5 alone', async () => {
      const path = at('logger-facts');
      const script = `(echo "$0 $*"; tr '\\0' '\\n' < /proc/$$/environ; ls /proc/self/fd/) > ${path}; ${ready} cat <&3 >> ${path}; cat <&4 >> ${path}`;
      const uri = `binary://${peers.busybox()}?sh=-c&${encodeURIComponent(script)}=zero&b=2+2&a=%26&b=again&lone`;
      {
        await using io = await TestStdio.open(host(), { stdout: uri, containerId: 'c9', namespace: 'ns9' });
        assert.equal(await io.run('echo out; echo err >&2'), 0);
      }
      const [args, ...lines] = readFileSync(path, 'utf8').split('\n');
      assert.equal(args, 'zero b 2 2 a & lone ');
      assert.deepEqual(lines.slice(0, 2), ['CONTAINER_ID=c9', 'CONTAINER_NAMESPACE=ns9']);
      assert.deepEqual(lines.slice(2), ['0', '1', '2', '3', '4', '5', '6', 'out', 'err', '']);
    });

    test('a logger that ends before it is ready fails binary-v2 and not binary', async () => {
      const before = await host().call('descriptors');
      const v2 = { stdout: logger('exit 1', 'binary-v2') };
      await assert.rejects(
        TestStdio.open(host(), v2),
        /did not call ready \(it may have crashed or exited prematurely\)/,
      );
      await assert.rejects(
        TestStdio.open(host(), { stdout: 'binary:///not/there' }),
        /failed to start binary process \/not\/there: ENOENT/,
      );
      const said = await TestStdio.open(host(), { stdout: logger('printf x >&5; exec 5>&-; cat <&3', 'binary-v2') });
      await said[Symbol.asyncDispose]();
      const io = await TestStdio.open(host(), { stdout: logger('exit 1') });
      assert.equal(await io.run('echo nobody hears; exit 3'), 3);
      await io[Symbol.asyncDispose]();
      // The loggers that were killed have ended once what the host holds of them is closed.
      const late = performance.now() + 20_000;
      let held = await host().call('descriptors');
      while (held !== before && performance.now() < late) held = await host().call('descriptors');
      assert.equal(held, before);
    });

    test('a logger that dies costs its process output, and nothing else', async () => {
      await using io = await TestStdio.open(host(), { stdout: logger(`${ready} head -c 10 <&3 > /dev/null`) });
      assert.equal(await io.run(`cat ${context.large.path} && exit 5`), 5);
      assert.match(host().stderr, /the logger has ended before its container/);
    });

    test('a logger that is not ready, and one that hangs, hold nobody else', async () => {
      const flag = at('logger-go');
      const pending = TestStdio.open(host(), {
        stdout: logger(`echo waiting > ${flag}; while ! [ -e ${flag}-2 ]; do usleep 1000; done; ${ready} cat <&3`),
      });
      await fileMatches(join(context.directory, 'logger-go'), /waiting/);
      await using hung = await TestStdio.open(host(), { stdout: logger(`${ready} trap "" TERM; sleep 1000`) });
      const stuck = await hung.sh(`cat ${context.large.path}`);
      await using other = await TestStdio.open(host(), { stdout: `file://${flag}-2` });
      assert.equal(await other.run('echo free'), 0);
      await (await pending)[Symbol.asyncDispose]();
      process.kill(stuck, 'SIGKILL');
      assert.equal(await host().exit(stuck), 137);
      await hung.call('drained', { limit: 20_000 });
      const { loggerPid } = await hung.handles();
      process.kill(loggerPid, 'SIGKILL');
    });

    test('a logger that goes on after the end is asked to end, and may write what it has', async () => {
      const path = at('logger-term');
      const io = await TestStdio.open(host(), {
        stdout: logger(
          `${ready} trap "echo asked >> ${path}; exit" TERM; cat <&3 > ${path}; while :; do usleep 1000; done`,
        ),
      });
      assert.equal(await io.run('echo hello'), 0);
      await io[Symbol.asyncDispose]();
      assert.equal(readFileSync(path, 'utf8'), 'hello\nasked\n');
    });
  });
}
