import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Ctr } from '../lab/ctr.ts';
import { DaemonUnderTest } from '../lab/daemon-under-test.ts';
import { forward, HostileServer } from '../lab/hostile-server.ts';
import { images } from '../lab/images.ts';
import { OciLayout } from '../lab/oci-layout.ts';
import { Registry } from '../lab/registry.ts';
import { TemporaryDirectory } from '../lab/temporary-directory.ts';

const image = 'lab/busybox:1';

// The real containerd comes first: it judges what is expected.
for (const kind of ['2.1.9', 'gantry'] as const) {
  describe(`what goes over the wire to registries, with ${kind}`, () => {
    const directory = new TemporaryDirectory('wire-');
    const tag = kind.replaceAll('.', '-');
    let registry: Registry;
    let layer: { digest: string; size: number };
    let layerBytes: Buffer;
    before(async () => {
      const layout = new OciLayout(join(directory.path, 'layout'));
      await images[image](layout);
      const manifest = readFileSync(layout.blobPath(layout.images.get(image)?.digest ?? ''), 'utf8');
      const { layers } = JSON.parse(manifest) as { layers: { digest: string; size: number }[] };
      assert.ok(layers[0]);
      layer = layers[0];
      layerBytes = readFileSync(layout.blobPath(layer.digest));
      registry = await Registry.start();
      await registry.push(layout, image);
    });
    after(async () => {
      await registry[Symbol.asyncDispose]();
      directory[Symbol.dispose]();
    });

    function toRegistry(request: IncomingMessage, response: ServerResponse): void {
      forward(registry.host, request, response);
    }

    test('tokens are fetched for the scopes, with what the client gives', async () => {
      const grants: string[] = [];
      await using front = await HostileServer.start((request, response) => {
        const url = new URL(request.url ?? '', 'http://front');
        if (url.pathname === '/token') {
          void readAll(request).then((body) => {
            const form = request.method === 'POST' ? new URLSearchParams(body) : url.searchParams;
            grants.push(`${String(request.method)} ${form.get('grant_type') ?? ''} ${form.getAll('scope').join(' ')}`);
            const known = form.get('password') === 'secret' || form.get('refresh_token') === 'fresh';
            if (request.method === 'POST' && !known) response.writeHead(401).end('{}');
            else response.end(JSON.stringify({ access_token: 'good', token: 'good', expires_in: 300 }));
          });
        } else if (request.headers.authorization === 'Bearer good') {
          delete request.headers.authorization;
          toRegistry(request, response);
        } else {
          const challenge = `Bearer realm="http://${front.host}/token",service="lab",scope="repository:lab/busybox:pull"`;
          response.writeHead(401, { 'www-authenticate': challenge }).end();
        }
      });
      await using daemon = await DaemonUnderTest.start({ kind });
      const ctr = new Ctr(daemon);
      const reference = `${front.host}/${image}`;
      await ctr.ok(['image', 'pull', '--plain-http', '--user', 'lab:secret', reference]);
      assert.deepEqual(new Set(grants.splice(0)), new Set(['POST password repository:lab/busybox:pull']));
      await ctr.ok(['image', 'push', '--plain-http', '--refresh', 'fresh', `${front.host}/copy/${tag}:1`, reference]);
      const pushed = grants.splice(0).join('\n');
      const scope = `repository:copy/${tag}:pull,push`;
      assert.match(pushed, new RegExp(`^POST refresh_token .*${scope}`));
      // A mount needs the other repository, too.
      assert.match(pushed, new RegExp(`${scope} repository:lab/busybox:pull`));
      await ctr.ok(['image', 'rm', '--sync', reference]);
      await ctr.ok(['image', 'pull', '--plain-http', reference]);
      assert.deepEqual(new Set(grants), new Set(['GET  repository:lab/busybox:pull']));
    });

    test('a push mounts what another repository of the registry has, and skips what is there', async () => {
      await using front = await HostileServer.start(toRegistry);
      await using daemon = await DaemonUnderTest.start({ kind });
      const ctr = new Ctr(daemon);
      const reference = `${front.host}/${image}`;
      const target = `${front.host}/mounted/${tag}:1`;
      await ctr.ok(['image', 'pull', '--plain-http', reference]);
      const before = front.lines.length;
      await ctr.ok(['image', 'push', '--plain-http', target, reference]);
      const lines = front.lines.slice(before);
      const posts = lines.filter((line) => line.startsWith('POST'));
      assert.equal(posts.length, 2, lines.join('\n'));
      for (const post of posts) assert.match(post, /mount=sha256(%3A|:)[0-9a-f]{64}&from=lab(%2F|\/)busybox/);
      const puts = lines.filter((line) => line.startsWith('PUT'));
      assert.deepEqual(puts, [`PUT /v2/mounted/${tag}/manifests/1`]);
      const again = front.lines.length;
      await ctr.ok(['image', 'push', '--plain-http', target, reference]);
      assert.ok(front.lines.slice(again).every((line) => line.startsWith('HEAD')));
    });

    test('a layer that is cut is gone on with where it was cut', async () => {
      let cut = false;
      await using front = await HostileServer.start((request, response) => {
        if (cut || !(request.url ?? '').includes(layer.digest)) return toRegistry(request, response);
        cut = true;
        response.writeHead(200, { 'content-length': layer.size, 'content-type': 'application/octet-stream' });
        return response.write(layerBytes.subarray(0, 100_000), () => response.destroy());
      });
      await using daemon = await DaemonUnderTest.start({ kind });
      const ctr = new Ctr(daemon);
      await ctr.ok(['image', 'pull', '--plain-http', `${front.host}/${image}`]);
      const ranges = front.requests.flatMap(({ headers }) => headers.range ?? []);
      assert.equal(ranges.length, 1);
      assert.match(ranges[0] ?? '', /^bytes=\d+-$/);
      assert.match(await ctr.ok(['image', 'check']), /complete \(2\/2\).* true/);
    });

    test('large layers are fetched in ranges, if the configuration says so', async () => {
      await using front = await HostileServer.start(toRegistry);
      const config = '[plugins."io.containerd.transfer.v1.local"]\nconcurrent_layer_fetch_buffer = 300000\n';
      await using daemon = await DaemonUnderTest.start({ kind, config });
      const ctr = new Ctr(daemon);
      await ctr.ok(['image', 'pull', '--plain-http', `${front.host}/${image}`]);
      const ranges = front.requests
        .filter(({ url }) => url?.includes(layer.digest))
        .map(({ headers }) => headers.range);
      assert.ok(ranges.length >= 4, JSON.stringify(ranges));
      assert.match(await ctr.ok(['image', 'check']), /complete \(2\/2\).* true/);
    });

    test('verifiers decide before anything is fetched', async () => {
      const bin = join(directory.path, `bin-${tag}`);
      mkdirSync(bin);
      const seen = join(directory.path, `seen-${tag}`);
      const script = (name: string, text: string): void => {
        writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`);
        chmodSync(join(bin, name), 0o755);
      };
      script('1-notes', `echo "$@" > ${seen}; cat >> ${seen}; echo noted; echo said >&2`);
      script('2-judges', `case "$2" in *no*) echo "  not this one"; exit 3;; *slow*) exec sleep 100;; esac; echo fine`);
      const config = `[plugins."io.containerd.image-verifier.v1.bindir"]\nbin_dir = "${bin}"\nper_verifier_timeout = "5s"\n`;
      await using front = await HostileServer.start((request, response) => {
        request.url = request.url?.replace(/\/(no|slow)\//, '/lab/');
        toRegistry(request, response);
      });
      await using daemon = await DaemonUnderTest.start({ kind, config });
      const ctr = new Ctr(daemon);
      await ctr.ok(['image', 'pull', '--plain-http', `${front.host}/${image}`]);
      const [line = '', json = ''] = readFileSync(seen, 'utf8').split('\n');
      const form = /^-name (\S+) -digest (sha256:\w+) -stdin-media-type application\/vnd.oci.descriptor.v1\+json$/;
      const [, name, digest] = form.exec(line) ?? [];
      assert.equal(name, `${front.host}/${image}`);
      const descriptor = JSON.parse(json) as unknown;
      assert.deepEqual(descriptor, { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, size: 405 });
      const asked = front.lines.length;
      const refused = await ctr.run(['image', 'pull', '--plain-http', `${front.host}/no/busybox:1`]);
      assert.equal(refused.code, 1);
      assert.match(
        refused.stderr,
        /image verifier bindir blocked pull of \S+\/no\/busybox:1 with digest sha256:\w+ for reason: verifier 2-judges rejected image \(exit code 3\): not this one\n/,
      );
      assert.deepEqual(front.lines.slice(asked), ['HEAD /v2/no/busybox/manifests/1']);
      const slow = await ctr.run(['image', 'pull', '--plain-http', `${front.host}/slow/busybox:1`]);
      assert.equal(slow.code, 1);
      assert.match(slow.stderr, /image verifier bindir returned error: failed to call verifier 2-judges/);
      assert.equal((await ctr.ok(['image', 'ls', '-q'])).trim(), `${front.host}/${image}`);
      assert.match(daemon.log, /said/);
    });
  });
}

async function readAll(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}
