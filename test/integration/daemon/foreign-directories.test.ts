import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { DaemonUnderTest } from '../../lab/daemon-under-test.ts';
import { peers } from '../../lab/peers.ts';
import { daemonFlags, runGantry } from './source-daemon.ts';

/** Every entry below some directories with all that could have changed of it. */
function fingerprint(...directories: readonly string[]): string[] {
  const lines: string[] = [];
  const visit = (path: string): void => {
    const stat = lstatSync(path, { bigint: true });
    const { mode, uid, gid, size, mtimeNs, ctimeNs, ino } = stat;
    let content = '';
    if (stat.isFile()) content = createHash('sha256').update(readFileSync(path)).digest('hex');
    if (stat.isSymbolicLink()) content = readlinkSync(path);
    lines.push([path, mode, uid, gid, size, mtimeNs, ctimeNs, ino, content].join(' '));
    if (stat.isDirectory()) for (const name of readdirSync(path).sort()) visit(join(path, name));
  };
  for (const directory of directories) visit(directory);
  return lines;
}

for (const version of peers.versions) {
  describe(`the directories of a containerd ${version}`, () => {
    test('are refused with a way out, and not one byte of them is touched', async () => {
      await using theirs = await DaemonUnderTest.start({ kind: version });
      await theirs.kill('SIGTERM');
      const before = fingerprint(theirs.root, theirs.state);
      const { code, stderr } = await runGantry(['-c', theirs.configFile]);
      assert.equal(code, 1);
      assert.match(stderr, /root .* holds the data of another daemon \(io\.containerd\.metadata\.v1\.bolt\/meta\.db\)/);
      assert.match(stderr, /set another root .* in the configuration or by --root/);
      assert.deepEqual(fingerprint(theirs.root, theirs.state), before);
      // It was theirs all along: their daemon goes on with it.
      await theirs.start();
    });

    test('are refused while it runs, by whatever of it is met first', async () => {
      await using theirs = await DaemonUnderTest.start({ kind: version });
      const other = join(theirs.directory, 'other');
      const elsewhere = { root: theirs.root, state: `${other}-state`, address: `${other}.sock` };
      const attempts: readonly (readonly [flags: readonly string[], message: RegExp])[] = [
        [['-c', theirs.configFile], /another daemon listens on/],
        [daemonFlags(elsewhere), /root .* holds the data of another daemon/],
      ];
      for (const [flags, message] of attempts) {
        const { code, stderr } = await runGantry(flags);
        assert.equal(code, 1);
        assert.match(stderr, message);
      }
      assert.deepEqual(
        readdirSync(theirs.directory).filter((name) => name.startsWith('other')),
        [],
      );
    });
  });
}
