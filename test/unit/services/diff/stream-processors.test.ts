import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Any } from '../../../../api/gen/google/protobuf/any.ts';
import type { Descriptor } from '../../../../pkg/oci/descriptor.ts';
import type { StreamProcessor } from '../../../../pkg/plugin/stream-processor.ts';
import type { ApplyOptions } from '../../../../services/diff/diff-service.ts';
import { processorChain } from '../../../../services/diff/stream-processors.ts';
import { TemporaryMounts } from '../../../../services/diff/temporary-mounts.ts';
import { WalkingDiffer } from '../../../../services/diff/walking-differ.ts';
import { makeTar } from '../../pkg/tar/make-tar.ts';
import { LayerLab } from './layer-lab.ts';
import { RecordingContent } from './recording-content.ts';

const lab = new LayerLab();
const plain = 'application/vnd.oci.image.layer.v1.tar';
const cipher = ['enc', '-aes-256-cbc', '-K', '11'.repeat(32), '-iv', '22'.repeat(16)];
const tar = makeTar([
  { name: 'file', data: 'content' },
  { name: 'big', data: Buffer.alloc(3_000_000, 'abc') },
]);

/** Three programs in a row reach a plain tar from `a+encrypted`; others fail in their ways. */
const processors = new Map<string, StreamProcessor>([
  ['decrypt', processor(['enc'], `${plain}+gzip+upper`, 'openssl', [...cipher, '-d'])],
  [
    'tell',
    processor(
      [`${plain}+gzip+upper`],
      `${plain}+gzip+lower`,
      script('tell', `cat <&3 > "$WHERE"/payload; env > "$WHERE"/env; exec cat`),
      [],
      [`WHERE=${lab.directory}`],
    ),
  ],
  ['gunzip', processor([`${plain}+gzip+lower`], plain, 'gzip', ['-d', '-c'])],
  ['as-gzip', processor(['enc-gzip'], `${plain}+gzip`, 'openssl', [...cipher, '-d'])],
  ['fails', processor(['fails'], plain, script('fails', 'head -c 1000; echo the key is missing >&2; exit 3'))],
  ['fails-late', processor(['fails-late'], plain, script('fails-late', 'cat; echo too late >&2; exit 3'))],
  ['forever', processor(['forever'], plain, script('forever', 'cat; exec cat /dev/zero'))],
  ['missing', processor(['missing'], plain, 'no-such-program')],
  ['round', processor(['round'], 'and-round', 'cat')],
  ['and-round', processor(['and-round'], 'round', 'cat')],
]);

let content: RecordingContent;
let differ: WalkingDiffer;

before(async () => {
  content = await RecordingContent.open(lab.make());
  const mounts = new TemporaryMounts(lab.make());
  differ = new WalkingDiffer(content, lab.pool, mounts, false, processors);
});

function processor(
  accepts: string[],
  returns: string,
  path: string,
  args: readonly string[] = [],
  env: readonly string[] = [],
): StreamProcessor {
  return { accepts, returns, path, args, env };
}

function script(name: string, text: string): string {
  const file = join(lab.directory, name);
  writeFileSync(file, `#!/bin/sh\n${text}\n`);
  chmodSync(file, 0o755);
  return file;
}

async function apply(
  bytes: Buffer,
  mediaType: string,
  options?: ApplyOptions & { signal?: AbortSignal },
): Promise<[string, Descriptor]> {
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  const scope = { namespace: 'test', signal: options?.signal };
  if (!existsSync(content.path(digest))) {
    await using writer = await content.writer(scope, { ref: digest });
    await writer.write(bytes);
    await writer.commit(bytes.length, digest);
  }
  const root = lab.make();
  const mount = { type: 'bind', source: root, target: '', options: ['rbind'] };
  return [root, await differ.apply(scope, { mediaType, digest, size: bytes.length }, [mount], options)];
}

function encrypted(bytes: Buffer): Buffer {
  return execFileSync('openssl', cipher, { input: bytes, maxBuffer: 1 << 26 });
}

/** The pipes that are open here. */
function openPipes(): number {
  // The listing's own descriptor is gone by then.
  const links = readdirSync('/proc/self/fd').map((fd) => `/proc/self/fd/${fd}`);
  const targets = links.filter((link) => existsSync(link)).map((link) => readlinkSync(link));
  return targets.filter((target) => target.startsWith('pipe:')).length;
}

test('a layer goes from program to program, and comes out as it was', async () => {
  const payload = { typeUrl: 'example.com/key', value: Buffer.alloc(200_000, 'k') };
  const payloads = new Map([['tell', Any.encode(payload).finish()]]);
  const [root, { digest, mediaType, size }] = await apply(encrypted(gzipSync(tar)), 'enc', { payloads });
  assert.equal(digest, `sha256:${createHash('sha256').update(tar).digest('hex')}`);
  assert.deepEqual([mediaType, size], [plain, tar.length]);
  assert.equal(readFileSync(join(root, 'file'), 'utf8'), 'content');
  assert.equal(readFileSync(join(root, 'big')).length, 3_000_000);
  assert.deepEqual(Buffer.from(Any.decode(readFileSync(join(lab.directory, 'payload'))).value), payload.value);
  const env = readFileSync(join(lab.directory, 'env'), 'utf8').split('\n');
  assert.ok(env.includes(`STREAM_PROCESSOR_MEDIATYPE=${plain}+gzip+upper`));
  assert.ok(env.some((line) => line.startsWith('PATH=')) && !env.some((line) => line.startsWith('GANTRY_')));
});

test('what programs leave packed is unpacked by us', async () => {
  const [root] = await apply(encrypted(gzipSync(tar)), 'enc-gzip');
  assert.equal(readFileSync(join(root, 'file'), 'utf8'), 'content');
});

test('programs that fail or are missing are named, and nothing of them is left', async () => {
  await apply(gzipSync(tar), `${plain}+gzip`);
  const before = openPipes();
  const failures: [string, Buffer, RegExp][] = [
    ['fails', tar, /apply layer sha256:.*: stream processor "fails" ended with code 3: the key is missing$/],
    ['fails-late', tar, /stream processor "fails-late" ended with code 3: too late$/],
    ['enc-gzip', gzipSync(tar), /stream processor "as-gzip" ended with code 1: /],
    [
      'missing',
      tar,
      /failed to get stream processor for missing: exec: "no-such-program": executable file not found in \$PATH/,
    ],
  ];
  for (const [mediaType, bytes, message] of failures)
    await assert.rejects(apply(bytes, mediaType), { kind: 'unknown', message });
  await assert.rejects(apply(Buffer.alloc(4096, 'x'), 'forever'), { kind: 'invalid-argument', message: /tar archive/ });
  assert.equal(openPipes(), before);
});

test('a cancellation ends the programs', async () => {
  const abort = new AbortController();
  const onProgress = (): void => abort.abort(new Error('the caller left'));
  await assert.rejects(apply(tar, 'forever', { signal: abort.signal, onProgress }), /the caller left/);
});

test('types that nothing accepts, and programs in a circle, are not implemented', () => {
  for (const mediaType of ['round', 'nothing']) {
    assert.throws(() => processorChain(mediaType, processors), { kind: 'unimplemented' });
  }
});
