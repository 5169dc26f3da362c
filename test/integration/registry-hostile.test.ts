import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { digestOf } from '../../pkg/digest/digest-of.ts';
import { Ctr } from '../lab/ctr.ts';
import { DaemonUnderTest } from '../lab/daemon-under-test.ts';
import { HostileServer } from '../lab/hostile-server.ts';
import { type BlobDescriptor, OciLayout } from '../lab/oci-layout.ts';
import { PseudoRandom } from '../lab/pseudo-random.ts';
import { TemporaryDirectory } from '../lab/temporary-directory.ts';

const manifestType = 'application/vnd.oci.image.manifest.v1+json';

interface Image {
  readonly manifest: Buffer;
  readonly config: BlobDescriptor;
  readonly layer: BlobDescriptor;
  readonly blobs: ReadonlyMap<string, Buffer>;
}

interface Question {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Below the repository: `manifests/1`, `blobs/sha256:…`. */
  readonly path: string;
}

/** What a bad registry does; false where it behaves. */
interface Misdeed {
  readonly title: string;
  readonly answer: (question: Question, image: Image) => boolean;
  /** What ours says, without its end. */
  readonly expected: RegExp;
  /** Whether containerd would wait for ever, or takes it. */
  readonly oursAlone?: boolean;
}

const always = (act: (question: Question) => void) => (question: Question) => {
  act(question);
  return true;
};

const onLayer = (act: (question: Question, bytes: Buffer) => void) => (question: Question, image: Image) => {
  if (question.path !== `blobs/${image.layer.digest}`) return false;
  act(question, image.blobs.get(image.layer.digest) ?? Buffer.alloc(0));
  return true;
};

const status = (code: number, headers: Record<string, string> = {}) =>
  always(({ response }) => void response.writeHead(code, headers).end());

/** Serves this document, and what it names by its digest, under every tag. */
const document = (type: string, make: (image: Image) => unknown) => (question: Question, image: Image) => {
  if (!question.path.startsWith('manifests/')) return false;
  sendDocument(question, Buffer.from(JSON.stringify(make(image))), type);
  return true;
};

const misdeeds: readonly Misdeed[] = [
  {
    title: 'resets',
    answer: always(({ request }) => request.destroy()),
    expected: /Head "http:.*connection reset by peer: unavailable/,
  },
  {
    title: 'cuts-layers',
    answer: onLayer(({ response }, bytes) => {
      response.writeHead(200, { 'content-length': bytes.length });
      response.write(bytes.subarray(0, 1000), () => response.destroy());
    }),
    expected: /layer-sha256:\w+: response body broke off.*: unavailable/,
  },
  {
    title: 'sends-less',
    answer: onLayer(({ response }, bytes) => response.end(bytes.subarray(0, 1000))),
    expected: /layer-sha256:\w+: the registry sent 1000 of \d+ bytes: unavailable/,
  },
  {
    title: 'sends-more',
    answer: onLayer(({ response }, bytes) => response.end(Buffer.concat([bytes, bytes]))),
    expected: /layer-sha256:\w+: the registry sent more than the \d+ bytes expected: failed precondition/,
  },
  {
    title: 'sends-others',
    answer: onLayer(({ response }, bytes) => response.end(Buffer.alloc(bytes.length))),
    expected: /layer-sha256:\w+: unexpected commit digest sha256:\w+, expected sha256:\w+: failed precondition/,
  },
  {
    title: 'other-manifest',
    answer: ({ request, response, path }, { manifest }) => {
      if (request.method === 'HEAD' || !path.startsWith('manifests/')) return false;
      response.writeHead(200, { 'content-type': manifestType }).end(Buffer.alloc(manifest.length, ' '));
      return true;
    },
    expected: /manifest-sha256:\w+: unexpected commit digest.*: failed precondition/,
  },
  {
    title: 'web-page',
    answer: ({ response, path }) => {
      if (!path.startsWith('manifests/')) return false;
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<html>log in</html>');
      return true;
    },
    expected: /not found|failed precondition/,
  },
  {
    title: 'bad-digest',
    answer: always(({ response }) => {
      response.writeHead(200, { 'docker-content-digest': 'sha256:zz', 'content-type': manifestType }).end('{}');
    }),
    expected: /digest.*: invalid argument/,
  },
  {
    title: 'circles',
    answer: always(({ request, response }) => response.writeHead(307, { location: request.url }).end()),
    expected: /127\.0\.0\.1:\d+: more than 10 redirects: failed precondition/,
  },
  {
    title: 'leads-astray',
    answer: status(302, { location: 'file:///etc/passwd' }),
    expected: /redirect to file:: failed precondition/,
  },
  {
    title: 'huge-manifest',
    answer: always(({ response }) => {
      const digest = `sha256:${'a'.repeat(64)}`;
      const headers = { 'docker-content-digest': digest, 'content-type': manifestType, 'content-length': 100 << 20 };
      response.writeHead(200, headers).end();
    }),
    expected: /sha256:a+: a manifest of 104857600 bytes is too large: invalid argument/,
  },
  {
    title: 'endless-manifest',
    oursAlone: true,
    answer: always(({ request, response }) => {
      if (request.method === 'HEAD') return void response.writeHead(405).end();
      response.writeHead(200, { 'content-type': manifestType });
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(1 << 20, ' ')));
      };
      response.on('drain', more);
      return more();
    }),
    expected: /response has more than \d+ bytes: failed precondition/,
  },
  {
    title: 'endless-header',
    answer: always(({ response }) => {
      for (let number = 0; number < 200; number++) response.setHeader(`x-${String(number)}`, 'x'.repeat(1000));
      response.writeHead(200).end();
    }),
    expected: /server response headers exceeded 16384 bytes.*: unavailable/,
  },
  { title: 'no-challenge', answer: status(401), expected: /pull access denied.*401 Unauthorized: unauthenticated/ },
  {
    title: 'strange-challenge',
    answer: status(401, { 'www-authenticate': 'Bearer realm="gopher://x"' }),
    expected: /token server "gopher:\/\/x" is neither http nor https: unauthenticated/,
  },
  {
    title: 'forbids',
    answer: status(403),
    expected: /unexpected status from HEAD request to .*: 403 Forbidden: permission denied/,
  },
  { title: 'has-nothing', answer: status(404), expected: /127\.0\.0\.1:\d+\/has-nothing:1: not found/ },
  { title: 'too-many', answer: status(429), expected: /: 429 Too Many Requests: unavailable/ },
  {
    title: 'too-many-for-long',
    answer: status(429, { 'retry-after': '1' }),
    expected: /: 429 Too Many Requests: unavailable/,
  },
  { title: 'internal', answer: status(500), expected: /: 500 Internal Server Error: unavailable/ },
  { title: 'gateway', answer: status(502), expected: /: 502 Bad Gateway: unavailable/ },
  {
    title: 'sizeless-layer',
    answer: document(manifestType, ({ config, layer }) => ({
      schemaVersion: 2,
      config,
      layers: [{ ...layer, size: 0 }],
    })),
    expected: /its descriptor has no size|size/,
  },
  {
    title: 'ambiguous',
    answer: document(manifestType, ({ config, layer }) => ({
      schemaVersion: 2,
      config,
      layers: [layer],
      manifests: [],
    })),
    expected: /a manifest must not have manifests or fsLayers: invalid argument/,
  },
  {
    title: 'too-many-layers',
    answer: document(manifestType, ({ config, layer }) => ({
      schemaVersion: 2,
      config,
      layers: Array.from({ length: 20_000 }, () => layer),
    })),
    expected: /too many layers: invalid argument/,
  },
  {
    title: 'not-json',
    answer: ({ path, ...rest }) => {
      if (!path.startsWith('manifests/')) return false;
      sendDocument({ path, ...rest }, Buffer.from('{"schemaVersion":2,'), manifestType);
      return true;
    },
    expected: /manifest sha256:\w+: no valid JSON: invalid argument/,
  },
];

function sendDocument({ request, response }: Question, bytes: Buffer, type: string): void {
  const headers = { 'docker-content-digest': digestOf(bytes), 'content-type': type, 'content-length': bytes.length };
  response.writeHead(200, headers).end(request.method === 'HEAD' ? undefined : bytes);
}

/** What a good registry would say. */
function behave(question: Question, image: Image): void {
  const { response, path } = question;
  if (path.startsWith('manifests/')) return sendDocument(question, image.manifest, manifestType);
  const blob = image.blobs.get(path.replace('blobs/', ''));
  if (blob === undefined) response.writeHead(404).end();
  else response.writeHead(200, { 'content-length': blob.length }).end(blob);
}

// The real containerd comes first: it judges the suite, though its words are others.
for (const kind of ['2.1.9', 'gantry'] as const) {
  describe(`registries that misbehave, with ${kind}`, () => {
    const directory = new TemporaryDirectory('misdeeds-');
    const made = new Map<string, Image>();
    let server: HostileServer;
    let daemon: DaemonUnderTest;
    let ctr: Ctr;
    /** Takes the questions that nobody answers. */
    let stalled: (question: Question) => void = () => undefined;
    before(async () => {
      const layout = new OciLayout(join(directory.path, 'layout'));
      const titles = [...misdeeds.map(({ title }) => title), 'stalls', 'stalls-later', 'good'];
      for (const title of titles) made.set(title, await makeImage(layout, title));
      server = await HostileServer.start((request, response) => {
        const [, repository = '', path = ''] = /^\/v2\/([^/]+)\/([^?]*)/.exec(request.url ?? '') ?? [];
        const question = { request, response, path };
        const image = made.get(repository);
        if (image === undefined) return response.writeHead(404).end();
        if (repository === 'stalls' && path.startsWith('manifests')) return stalled(question);
        if (repository === 'stalls-later' && path.includes(image.layer.digest)) {
          response.writeHead(200, { 'content-length': image.layer.size });
          return response.write(Buffer.alloc(1000), () => stalled(question));
        }
        const misdeed = misdeeds.find(({ title }) => title === repository);
        return misdeed?.answer(question, image) === true ? undefined : behave(question, image);
      });
      daemon = await DaemonUnderTest.start({ kind });
      ctr = new Ctr(daemon);
    });
    after(async () => {
      await daemon[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
      directory[Symbol.dispose]();
    });

    describe('each is told what is wrong', { concurrency: true }, () => {
      for (const { title, expected, oursAlone } of misdeeds) {
        if (oursAlone === true && kind !== 'gantry') continue;
        test(title, async () => {
          const pull = ['image', 'pull', '--plain-http', `${server.host}/${title}:1`];
          const { code, stderr } = await ctr.run(pull);
          assert.notEqual(code, 0);
          if (kind === 'gantry') assert.match(stderr, expected);
        });
      }
    });

    test('nothing of it is left', async () => {
      assert.equal((await ctr.ok(['image', 'ls', '-q'])).trim(), '');
      assert.equal((await ctr.ok(['leases', 'ls', '-q'])).trim(), '');
      assert.deepEqual(rows(await ctr.ok(['snapshot', 'ls'])), []);
      const resumable = ['cuts-layers', 'sends-less'].map((title) => `layer-${made.get(title)?.layer.digest ?? ''}`);
      const left = rows(await ctr.ok(['content', 'active'])).map((row) => row.split(/\s/)[0]);
      if (kind === 'gantry') assert.deepEqual(left.sort(), resumable.sort());
    });

    for (const repository of ['stalls', 'stalls-later']) {
      test(`${repository}: others are served meanwhile, and the work ends with its client`, async () => {
        const asked = Promise.withResolvers<Question>();
        stalled = asked.resolve;
        const waiting = await ctr.start(['image', 'pull', '--plain-http', `${server.host}/${repository}:1`]);
        const { response } = await asked.promise;
        const closed = once(response, 'close');
        const other = `${server.host}/good:1`;
        await ctr.ok(['image', 'pull', '--plain-http', other]);
        waiting.kill('SIGKILL');
        await waiting.exited;
        await closed;
        await ctr.ok(['image', 'rm', '--sync', other]);
        for (const lease of (await ctr.ok(['leases', 'ls', '-q'])).trim().split('\n'))
          await ctr.ok(['leases', 'rm', '--sync', lease]);
        assert.equal((await ctr.ok(['image', 'ls', '-q'])).trim(), '');
        assert.doesNotMatch(await ctr.ok(['snapshot', 'ls']), /Active/);
      });
    }
  });
}

/** An image that shares nothing with another. */
async function makeImage(layout: OciLayout, title: string): Promise<Image> {
  const content = new PseudoRandom(title).bytes(200_000);
  layout.addImage(title, [await layout.addLayer([{ name: title, content }])]);
  const manifest = readFileSync(layout.blobPath(layout.images.get(title)?.digest ?? ''));
  const { config, layers } = JSON.parse(manifest.toString()) as { config: BlobDescriptor; layers: BlobDescriptor[] };
  const [layer] = layers;
  assert.ok(layer);
  const blobs = [config, layer].map(({ digest }) => [digest, readFileSync(layout.blobPath(digest))] as const);
  return { manifest, config, layer, blobs: new Map(blobs) };
}

/** The lines of a table, without its head. */
function rows(table: string): string[] {
  return table.trim().split('\n').slice(1);
}
