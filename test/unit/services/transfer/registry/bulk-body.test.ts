import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, RequestListener } from 'node:http';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { digestOf } from '../../../../../pkg/digest/digest-of.ts';
import { mediaTypes } from '../../../../../pkg/oci/media-types.ts';
import { bulkPieces } from '../../../../../services/transfer/registry/bulk-body.ts';
import { bodyPieces, wholeBody } from '../../../../../services/transfer/registry/response-body.ts';
import { CertificateAuthority } from '../../../../lab/certificate-authority.ts';
import { HostileServer } from '../../../../lab/hostile-server.ts';
import { PseudoRandom } from '../../../../lab/pseudo-random.ts';
import { TemporaryDirectory } from '../../../../lab/temporary-directory.ts';
import { open } from './open.ts';

const bytes = new PseudoRandom('bulk').bytes(20_000_003);
const blob = { mediaType: mediaTypes.ociLayer, digest: digestOf(bytes), size: bytes.length };

/** Asks a server of the test's own, over TLS or not, for the blob, and hands the response over. */
async function ask(
  answer: RequestListener,
  read: (response: IncomingMessage) => Promise<void>,
  options: { readonly secure?: boolean; readonly idleTimeout?: number } = {},
): Promise<void> {
  using directory = new TemporaryDirectory('bulk-');
  const files =
    options.secure === true ? new CertificateAuthority(directory.path).issue('s', 'IP:127.0.0.1') : undefined;
  const tls = files && { cert: readFileSync(files.certificate), key: readFileSync(files.key) };
  await using server = await HostileServer.start(answer, tls);
  const scheme = options.secure === true ? '' : 'http';
  using registry = await open(`${server.host}/a/b:1`, { scheme, idleTimeout: options.idleTimeout ?? 5000 });
  const { response } = await registry.open(blob, { start: 0 });
  await read(response);
}

/** Reads all there is, as a writer would: each piece is gone when the next is asked for. */
async function digestOfPieces(
  pieces: AsyncIterable<Buffer>,
  wait: () => Promise<unknown> = () => setImmediate(),
): Promise<string> {
  const copies: Buffer[] = [];
  for await (const piece of pieces) {
    await wait();
    copies.push(Buffer.from(piece));
    piece.fill(0);
  }
  return digestOf(Buffer.concat(copies));
}

const whole: RequestListener = (_, response) => {
  response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
};

for (const secure of [false, true]) {
  test(`a large body goes past the parser, ${secure ? 'over TLS' : 'in the clear'}`, async () => {
    const read = async (response: IncomingMessage): Promise<void> => {
      const pieces = bulkPieces(response);
      assert.ok(pieces, 'it should be read in bulk');
      assert.equal(await digestOfPieces(pieces), blob.digest);
    };
    await ask(whole, read, { secure });
  });
}

test('what a body is read as a whole stays as it is', async () => {
  await ask(whole, async (response) => {
    assert.equal(digestOf(await wholeBody(response, bytes.length)), blob.digest);
  });
});

test('a slow reader loses nothing, and is not taken for a silent server', async () => {
  let turns = 0;
  const slow = async (): Promise<void> => {
    // Longer than the server may be silent.
    if (turns++ === 2) await new Promise((resolve) => setTimeout(resolve, 3500));
  };
  const read = async (response: IncomingMessage): Promise<void> => {
    assert.equal(await digestOfPieces(bodyPieces(response), slow), blob.digest);
  };
  await ask(whole, read, { idleTimeout: 3000 });
});

test('a server that falls silent while the reader pauses is given up when it goes on', async () => {
  // As much as is kept for a reader.
  const some: RequestListener = (_, response) => {
    response.writeHead(200, { 'content-length': bytes.length }).write(bytes.subarray(0, 4 << 20));
  };
  const read = async (response: IncomingMessage): Promise<void> => {
    const pieces = bulkPieces(response) ?? assert.fail('it should be read in bulk');
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await assert.rejects(digestOfPieces(pieces), /silent for 1000 ms: unavailable/);
  };
  await ask(some, read, { idleTimeout: 1000 });
});

test('a large body whose length is not told goes through the parser', async () => {
  await ask(
    (_, response) => response.end(bytes),
    async (response) => {
      delete response.headers['content-length'];
      assert.equal(bulkPieces(response), undefined);
      assert.equal(await digestOfPieces(bodyPieces(response)), blob.digest);
    },
  );
});

test('all that came before a cut is given out, then the failure', async () => {
  await ask(
    (_, response) => {
      response.writeHead(200, { 'content-length': bytes.length });
      response.write(bytes.subarray(0, 5_000_000), () => response.destroy());
    },
    async (response) => {
      let got = 0;
      const read = async (): Promise<void> => {
        for await (const piece of bodyPieces(response)) got += piece.length;
      };
      await assert.rejects(read, /response body broke off.*: unavailable/);
      assert.equal(got, 5_000_000);
    },
  );
});

test('a server that falls silent amid a large body is given up', async () => {
  await ask(
    (_, response) => {
      response.writeHead(200, { 'content-length': bytes.length });
      response.write(bytes.subarray(0, 5_000_000));
    },
    async (response) => {
      await assert.rejects(digestOfPieces(bodyPieces(response)), /silent for 1000 ms: unavailable/);
    },
    { idleTimeout: 1000 },
  );
});

test('leaving a large body early ends its connection', async () => {
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  await ask(
    (_, response) => {
      response.on('close', resolve);
      whole(_, response);
    },
    async (response) => {
      for await (const piece of bodyPieces(response)) {
        assert.ok(piece.length > 0);
        break;
      }
      await closed;
    },
  );
});
