import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseDigest } from '../../../../pkg/digest/parse-digest.ts';
import { parseGoDuration } from '../../../../pkg/duration/parse-go-duration.ts';
import { validateIdentifier } from '../../../../pkg/identifiers/validate-identifier.ts';
import { normalizePlatform } from '../../../../pkg/platforms/normalize-platform.ts';
import { parsePlatform } from '../../../../pkg/platforms/parse-platform.ts';
import { PlatformMatcher } from '../../../../pkg/platforms/platform-matcher.ts';
import { familiarDockerReference, normalizeDockerReference } from '../../../../pkg/references/docker-reference.ts';
import { parseReference } from '../../../../pkg/references/reference.ts';
import { orRefused } from '../../../lab/or-refused.ts';

const hex = (length: number): fc.Arbitrary<string> => fc.stringMatching(new RegExp(`^[0-9a-f]{${String(length)}}$`));
const digest = fc.oneof(
  hex(64).map((value) => `sha256:${value}`),
  hex(96).map((value) => `sha384:${value}`),
  hex(128).map((value) => `sha512:${value}`),
);
const word = fc.stringMatching(/^[a-z0-9]{1,8}$/);
const reference = fc
  .tuple(
    fc.constantFrom('docker.io', 'localhost:5000', '127.0.0.1:1', '[::1]:80', 'Registry.example'),
    fc.array(word, { minLength: 1, maxLength: 4 }),
    fc.option(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}$/)),
    fc.option(digest),
  )
  .map(
    ([host, path, tag, of]) =>
      `${host}/${path.join('/')}${tag === null ? '' : `:${tag}`}${of === null ? '' : `@${of}`}`,
  );

const pieces = [
  '/',
  ':',
  '@',
  '.',
  '-',
  '_',
  '..',
  '//',
  'a',
  'A',
  'docker.io',
  'sha256:',
  'f'.repeat(64),
  '%2e',
  '\0',
  ' ',
  'é',
  '://',
];
const nearly = fc
  .array(fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...pieces) }, fc.string({ maxLength: 4 })), { maxLength: 12 })
  .map((parts) => parts.join(''));

/** What people try to sneak into paths and URLs. */
const dangerous = /[\0\s%?#\\]|\/\/|(?:^|\/)\.\.?(?:\/|$)/;

function written({ host, repository, tag, digest: of }: ReturnType<typeof parseReference>): string {
  return `${host}/${repository}${tag === '' ? '' : `:${tag}`}${of === '' ? '' : `@${of}`}`;
}

test('a reference is taken apart into what makes it again', () => {
  fc.assert(fc.property(reference, (text) => assert.equal(written(parseReference(text)), text)));
});

test('any text is a harmless reference or a typed error', () => {
  fc.assert(
    fc.property(nearly, (text) => {
      const parsed = orRefused(() => parseReference(text));
      if (parsed === undefined) return;
      assert.equal(written(parsed), text);
      assert.doesNotMatch(parsed.repository, dangerous);
      assert.doesNotMatch(parsed.tag, dangerous);
    }),
    { numRuns: 2000 },
  );
});

test("Docker's short form and the full one lead to each other", () => {
  fc.assert(
    fc.property(fc.oneof(nearly, reference), (text) => {
      const full = orRefused(() => normalizeDockerReference(text));
      if (full === undefined) return;
      assert.equal(normalizeDockerReference(full), full);
      assert.equal(normalizeDockerReference(familiarDockerReference(full)), full);
    }),
    { numRuns: 1000 },
  );
});

test('a digest is taken apart into what makes it again; any other text is a typed error', () => {
  fc.assert(
    fc.property(fc.oneof(digest, nearly), (text) => {
      const parsed = orRefused(() => parseDigest(text));
      if (parsed !== undefined) assert.equal(`${parsed.algorithm}:${parsed.hex}`, text);
    }),
    { numRuns: 1000 },
  );
});

test('a platform is brought to one form, which matches itself', () => {
  const part = fc.oneof(
    fc.constantFrom('linux', 'windows', 'amd64', 'x86_64', 'arm', 'aarch64', 'v6', 'v8', 'armhf', 'i386'),
    word,
  );
  const form = fc.array(fc.oneof(part, nearly), { maxLength: 4 }).map((parts) => parts.join('/'));
  fc.assert(
    fc.property(form, (text) => {
      const platform = orRefused(() => parsePlatform(text));
      if (platform === undefined) return;
      assert.deepEqual(normalizePlatform(platform), platform);
      assert.equal(new PlatformMatcher([platform]).rank(platform), 0);
      const { os, architecture, variant } = platform;
      const again = [os, architecture, ...(variant === undefined ? [] : [variant])].join('/');
      assert.deepEqual(parsePlatform(again), platform);
    }),
    { numRuns: 2000 },
  );
});

test('an identifier is harmless in a path, or a typed error', () => {
  fc.assert(
    fc.property(nearly, (text) => {
      const valid = orRefused(() => {
        validateIdentifier(text);
        return true;
      });
      if (valid === true) assert.match(text, /^[A-Za-z0-9][A-Za-z0-9._-]{0,75}$/);
    }),
    { numRuns: 1000 },
  );
});

test('a duration is a number or a typed error', () => {
  const units = fc.constantFrom('1', '.', '5', 'h', 'm', 's', 'ms', 'µs', 'ns', '-', '+', '', '0');
  const form = fc.array(units, { maxLength: 10 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(fc.oneof(form, nearly), (text) => {
      const value = orRefused(() => parseGoDuration(text));
      if (value !== undefined) assert.ok(Number.isFinite(value));
    }),
    { numRuns: 1000 },
  );
});

test('long names take time in proportion to their length', () => {
  for (const text of ['a', 'a-', '1.', 'a/', ':', '@', '.']) {
    const long = text.repeat(200_000);
    for (const parse of [
      parseReference,
      parseDigest,
      parsePlatform,
      parseGoDuration,
      validateIdentifier,
      normalizeDockerReference,
    ])
      orRefused(() => parse(long));
    orRefused(() => parseReference(`host/${long}`));
    orRefused(() => parseDigest(`sha256:${long}`));
  }
});
