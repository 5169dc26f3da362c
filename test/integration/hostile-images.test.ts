import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Ctr } from '../lab/ctr.ts';
import { DaemonUnderTest, type DaemonOptions } from '../lab/daemon-under-test.ts';
import { hostileLayers } from '../lab/hostile-layers.ts';
import { OciLayout } from '../lab/oci-layout.ts';
import { Registry } from '../lab/registry.ts';
import { TemporaryDirectory } from '../lab/temporary-directory.ts';

// The real containerd comes first: it judges the suite.
for (const kind of ['2.1.9', 'gantry'] as const satisfies readonly DaemonOptions['kind'][]) {
  describe(`hostile images on ${kind}`, () => {
    let registry: Registry;
    let daemon: DaemonUnderTest;
    let directory: TemporaryDirectory;
    let canary: string;
    before(async () => {
      directory = new TemporaryDirectory();
      canary = join(directory.path, 'canary');
      registry = await Registry.start();
      daemon = await DaemonUnderTest.start({ kind });
    });
    after(async () => {
      await daemon[Symbol.asyncDispose]();
      await registry[Symbol.asyncDispose]();
      directory[Symbol.dispose]();
    });

    // The titles do not depend on the canary's path.
    for (const [number, { title, expectation }] of hostileLayers('/canary').entries()) {
      test(`${title}: ${expectation}`, async () => {
        writeFileSync(canary, 'untouched');
        const hostile = hostileLayers(canary)[number];
        assert.ok(hostile);
        const layout = new OciLayout(join(directory.path, String(number)));
        const name = `lab/hostile-${String(number)}:1`;
        layout.addImage(name, [await layout.addTarLayer([hostile.tar])]);
        const reference = await registry.push(layout, name);
        const ctr = new Ctr(daemon);
        const { code, stderr } = await ctr.run(['image', 'pull', '--plain-http', reference]);
        if (expectation === 'refused') assert.notEqual(code, 0, 'was taken');
        if (expectation === 'contained') assert.equal(code, 0, stderr);
        if (code !== 0) {
          assert.ok(stderr.trim() !== '', 'a refusal says why');
          assert.doesNotMatch(await ctr.ok(['snapshot', 'ls']), /Active/, 'nothing is left half done');
        }
        assert.equal(readFileSync(canary, 'utf8'), 'untouched');
        const neighbours = readdirSync(directory.path).filter((entry) => !/^\d+$/.test(entry));
        assert.deepEqual(neighbours, ['canary']);
        assert.equal(existsSync('/canary'), false);
      });
    }

    test('content of another digest never becomes a blob', async () => {
      const ctr = new Ctr(daemon);
      const wrong = `sha256:${'0'.repeat(64)}`;
      const ingest = ['content', 'ingest', '--expected-digest', wrong, 'wrong-digest'];
      const refused = await ctr.run(ingest, { input: 'some other bytes' });
      assert.equal(refused.code, 1);
      assert.match(refused.stderr, /unexpected (commit )?digest|failed precondition/);
      assert.doesNotMatch(await ctr.ok(['content', 'ls', '-q']), /0{64}/);
      const short = ['content', 'ingest', '--expected-size', '3', 'wrong-size'];
      assert.equal((await ctr.run(short, { input: 'four' })).code, 1);
    });
  });
}
