import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parsePaxNumber, parsePaxRecords, parsePaxTime } from '../../../../pkg/tar/pax-records.ts';
import { parseTarHeader } from '../../../../pkg/tar/tar-header.ts';
import { TarParser } from '../../../../pkg/tar/tar-parser.ts';
import { orRefused } from '../../../lab/or-refused.ts';
import { makeEntry, makeHeader, sealHeader } from './make-tar.ts';

const latin1 = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
  maxLength: 40,
});
const keyword = latin1.filter((text) => text !== '' && !text.includes('='));

function written(key: string, value: string): string {
  const body = ` ${key}=${value}\n`;
  let length = body.length + 1;
  while (body.length + String(length).length !== length) length = body.length + String(length).length;
  return `${String(length)}${body}`;
}

test('pax records are read as they were written', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(keyword, latin1), { maxLength: 10 }), (records) => {
      const body = Buffer.from(records.map(([key, value]) => written(key, value)).join(''), 'latin1');
      assert.deepEqual(parsePaxRecords(body), records);
    }),
  );
});

test('any bytes are pax records or a typed error', () => {
  const pieces = fc.constantFrom('1', '9', '12', ' ', '=', '\n', 'path', 'size', 'GNU.sparse.map', '\0', '99999999');
  const body = fc.array(fc.oneof(pieces, latin1), { maxLength: 20 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(body, (text) => {
      orRefused(() => parsePaxRecords(Buffer.from(text, 'latin1')));
      orRefused(() => parsePaxNumber(text));
      const time = orRefused(() => parsePaxTime(text));
      if (time !== undefined) assert.ok(time.nanoseconds >= 0 && time.nanoseconds < 1e9);
    }),
    { numRuns: 2000 },
  );
});

/** A header whose checksum is right and whose fields are anything. */
const header = fc.array(fc.tuple(fc.nat({ max: 511 }), fc.nat({ max: 255 })), { maxLength: 20 }).map((changes) => {
  const block = makeHeader({ name: 'name' }, 0);
  for (const [at, byte] of changes) block[at] = byte;
  return sealHeader(block);
});

test('any header with a right checksum is an entry or a typed error, and so is any archive of such', () => {
  fc.assert(
    fc.property(
      fc.array(header, { minLength: 1, maxLength: 4 }),
      fc.uint8Array({ maxLength: 3000 }),
      (headers, rest) => {
        for (const block of headers) orRefused(() => parseTarHeader(block));
        orRefused(() => {
          const entries: number[] = [];
          const parser = new TarParser({
            entry: ({ size }) => entries.push(size),
            data: () => undefined,
            end: () => undefined,
          });
          for (const block of headers) parser.push(block);
          parser.push(Buffer.from(rest));
          parser.finish();
          for (const size of entries) assert.ok(Number.isSafeInteger(size) && size >= 0);
        });
      },
    ),
    { numRuns: 2000 },
  );
});

test('a sparse map without an end is refused soon', () => {
  const pax = { 'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.realsize': '1' };
  const parser = new TarParser({ entry: () => undefined, data: () => undefined, end: () => undefined });
  parser.push(makeEntry({ name: 'sparse', size: 1 << 20, pax }).subarray(0, 3 * 512));
  const digits = Buffer.alloc(512, '1');
  assert.throws(() => {
    for (let block = 0; block < 3; block++) parser.push(digits);
  }, /sparse map/);
});
