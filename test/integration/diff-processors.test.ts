import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Ctr } from '../lab/ctr.ts';
import { DaemonUnderTest } from '../lab/daemon-under-test.ts';
import { busyboxEntries } from '../lab/images.ts';
import { OciLayout } from '../lab/oci-layout.ts';
import { Registry } from '../lab/registry.ts';
import { TemporaryDirectory } from '../lab/temporary-directory.ts';
import { uniqueName } from '../lab/unique-name.ts';
import { untilHeard } from '../lab/until-heard.ts';

const packed = 'application/vnd.oci.image.layer.v1.tar+gzip';
const cipher = ['enc', '-aes-256-cbc', '-K', '5a'.repeat(32), '-iv', 'a5'.repeat(16)];

/** A stream processor that decrypts with a key; the wrong one gives no padding that OpenSSL takes. */
function configuration(key: string): string {
  const args = [...cipher, '-d'].map((word) => JSON.stringify(word === '5a'.repeat(32) ? key : word));
  return [
    // The default's own name: containerd takes any of two that accept the same.
    '[stream_processors."io.containerd.ocicrypt.decoder.v1.tar.gzip"]',
    `accepts = ["${packed}+encrypted"]`,
    `returns = "${packed}"`,
    'path = "openssl"',
    `args = [${args.join(', ')}]`,
  ].join('\n');
}

// The real containerd comes first: it judges what is expected.
for (const kind of ['2.1.9', 'gantry'] as const) {
  describe(`layers that ${kind} has processed by a program`, () => {
    for (const way of [[], ['--local']]) {
      test(`are pulled and run ${way.join(' ')}`, async () => {
        using directory = new TemporaryDirectory();
        await using registry = await Registry.start();
        const layout = new OciLayout(join(directory.path, 'layout'));
        const plain = await layout.addLayer(busyboxEntries());
        const input = readFileSync(layout.blobPath(plain.digest));
        const secret = execFileSync('openssl', cipher, { input, maxBuffer: 1 << 26 });
        const layer = { ...layout.addBlob(secret, `${packed}+encrypted`), diffId: plain.diffId };
        layout.addImage('lab/secret:1', [layer]);
        const image = await registry.push(layout, 'lab/secret:1');
        const pull = ['image', 'pull', ...way, '--plain-http', image];
        {
          await using daemon = await DaemonUnderTest.start({ kind, config: configuration('5a'.repeat(32)) });
          const ctr = new Ctr(daemon);
          await ctr.ok(pull);
          const run = ['run', '--rm', image, uniqueName('secret'), 'sh', '-c', untilHeard('echo readable')];
          assert.equal(await ctr.hear(run), 'readable\n');
        }
        await using daemon = await DaemonUnderTest.start({ kind, config: configuration('00'.repeat(32)) });
        const ctr = new Ctr(daemon);
        const { code } = await ctr.run(pull);
        assert.notEqual(code, 0);
        assert.equal((await ctr.ok(['snapshot', 'ls'])).trim().split('\n').length, 1);
        // On its own, ctr makes the image before it unpacks.
        if (way.length === 0) assert.equal((await ctr.ok(['image', 'ls', '-q'])).trim(), '');
      });
    }
  });
}
