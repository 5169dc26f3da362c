import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { KindError } from '../../../../../pkg/errors/kind-error.ts';
import { parseChallenges } from '../../../../../services/transfer/registry/auth-challenge.ts';
import { parseHostsFile } from '../../../../../services/transfer/registry/hosts-file.ts';

const token = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,12}$/);
const parameters = fc.uniqueArray(fc.tuple(token, fc.string({ maxLength: 20 })), {
  minLength: 1,
  maxLength: 5,
  selector: ([key]) => key.toLowerCase(),
});

test('challenges are read as they were written', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(token, parameters), { maxLength: 4 }), (challenges) => {
      const header = challenges.map(([scheme, given]) => {
        const list = given.map(([key, value]) => `${key}="${value.replaceAll(/["\\]/g, '\\$&')}"`);
        return `${scheme} ${list.join(', ')}`;
      });
      assert.deepEqual(
        parseChallenges([header.join(', ')]),
        challenges.map(([scheme, given]) => ({
          scheme: scheme.toLowerCase(),
          parameters: new Map(given.map(([key, value]) => [key.toLowerCase(), value])),
        })),
      );
    }),
  );
});

const piece = fc.oneof(
  fc.constantFrom('Bearer', 'Basic', ' ', ',', '=', '"', '\\', 'realm', 'realm="', '\t', '/', 'é', ';', '=='),
  fc.string({ maxLength: 4 }),
);

test('any header holds some challenges, and long ones are read to their end', () => {
  const header = fc.array(piece, { maxLength: 30 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(fc.array(header, { maxLength: 3 }), (headers) => void parseChallenges(headers)),
    { numRuns: 2000 },
  );
  for (const unit of ['a', 'a ', 'a=', 'a="', 'a="\\', ',', ' ', '"', 'a=b,']) parseChallenges([unit.repeat(4000)]);
});

const value = fc.oneof(
  fc.constantFrom(
    'true',
    '1',
    '"x"',
    '[]',
    '["pull"]',
    '[["a"]]',
    '{}',
    '"10s"',
    '1979-05-27',
    '"https://m.example/x/"',
    '[1]',
    'nan',
  ),
  fc.string({ maxLength: 6 }).map((text) => JSON.stringify(text)),
);
const key = fc.constantFrom(
  'server',
  'host',
  'capabilities',
  'ca',
  'client',
  'skip_verify',
  'header',
  'override_path',
  'dial_timeout',
  'other',
);
const line = fc.oneof(
  fc.tuple(key, value).map(([name, given]) => `${name} = ${given}`),
  fc.constantFrom(
    '[host."https://mirror.example"]',
    '[host.":"]',
    '[host."mirror.example:5000/v2"]',
    '[host."ftp://x"]',
    '[host]',
  ),
  fc.constantFrom('[host."https://mirror.example".header]', 'x-a = ["b"]', '"bad name" = "b"', 'x-b = "a\\nb"', '['),
);

test('any hosts.toml is a list of hosts or a typed error that names the file', () => {
  const file = '/etc/example/hosts.toml';
  const text = fc.array(line, { maxLength: 8 }).map((lines) => lines.join('\n'));
  fc.assert(
    fc.property(text, (toml) => {
      try {
        for (const { scheme, host, path, dialTimeout } of parseHostsFile(toml, file)) {
          if (host !== '') assert.ok(URL.canParse(`${scheme === '' ? 'https' : scheme}://${host}${path}/`));
          assert.ok(dialTimeout === undefined || Number.isFinite(dialTimeout));
        }
      } catch (error) {
        assert.ok(error instanceof KindError, String(error));
        assert.match(error.message, /hosts\.toml/);
      }
    }),
    { numRuns: 1000 },
  );
});

test('a hosts.toml that nests deeply is refused', () => {
  for (const text of [`x = ${'['.repeat(100_000)}`, `x = ${'{a='.repeat(100_000)}`])
    assert.throws(() => parseHostsFile(text, '/hosts.toml'), KindError);
});
