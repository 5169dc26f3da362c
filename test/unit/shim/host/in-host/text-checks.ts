import { host } from '../../../../../shim/host/host.ts';
import { type Check, equal } from './checks.ts';

/** Bytes and what becomes of them: the encoding standard replaces each longest part that could have begun a character. */
const malformed: readonly (readonly [readonly number[], string])[] = [
  [[0x80], '\uFFFD'],
  [[0x61, 0xff, 0x62], 'a\uFFFDb'],
  [[0xc0, 0x80], '\uFFFD\uFFFD'],
  [[0xe2, 0x82], '\uFFFD'],
  [[0xe2, 0x82, 0x41], '\uFFFDA'],
  [[0xed, 0xa0, 0x80], '\uFFFD\uFFFD\uFFFD'],
  [[0xf0, 0x9f, 0x90], '\uFFFD'],
  [[0xf4, 0x90, 0x80, 0x80], '\uFFFD\uFFFD\uFFFD\uFFFD'],
  [[0xf8, 0x88, 0x80, 0x80, 0x80], '\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD'],
];

function thrownBy(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return error instanceof Error ? error.name : 'something';
  }
  return 'nothing';
}

export const textChecks: readonly Check[] = [
  {
    name: 'text goes to bytes and back',
    run: () => {
      for (const text of ['', 'plain', 'ä', '漢字', '🐋\u0000x', '\uFEFFmark', 'x'.repeat(100_000)]) {
        equal(host.decodeUtf8(host.encodeUtf8(text)), text);
      }
      equal(host.encodeUtf8('ä€🐋'), new Uint8Array([0xc3, 0xa4, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x90, 0x8b]));
    },
  },
  {
    name: 'what is no text becomes a replacement character',
    run: () => {
      for (const [bytes, text] of malformed) equal(host.decodeUtf8(new Uint8Array(bytes)), text);
      equal(host.encodeUtf8('a\uD800b\uDC00'), host.encodeUtf8('a\uFFFDb\uFFFD'));
    },
  },
  {
    name: 'a decoder of the standard drops a mark, or refuses what is malformed, as it is told',
    run: () => {
      const marked = host.encodeUtf8('\uFEFFx');
      equal(new TextDecoder().decode(marked), 'x');
      equal(new TextDecoder('utf-8', { ignoreBOM: true }).decode(marked), '\uFEFFx');
      const strict = new TextDecoder('UTF-8', { fatal: true });
      equal(strict.decode(host.encodeUtf8('a real \uFFFD')), 'a real \uFFFD');
      equal(
        thrownBy(() => strict.decode(new Uint8Array([0x61, 0xff]))),
        'TypeError',
      );
      equal(
        thrownBy(() => new TextDecoder('latin1')),
        'RangeError',
      );
      equal(new TextEncoder().encode('ä'), host.encodeUtf8('ä'));
    },
  },
  {
    name: 'digests are those of the standard, for lengths around its blocks',
    run: () => {
      const digest = (text: string): string => host.sha256(host.encodeUtf8(text));
      equal(digest(''), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
      equal(digest('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
      equal(
        digest('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq'),
        '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
      );
      equal(digest('a'.repeat(1_000_000)), 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0');
      equal(digest('a'.repeat(55)), '9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318');
      equal(digest('a'.repeat(64)), 'ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb');
    },
  },
  {
    name: 'arguments of the wrong kind are refused',
    run: () => {
      const wrong: readonly (readonly [string, readonly unknown[]])[] = [
        ['open', [1, 0, 0]],
        ['open', ['/a\0b', 0, 0]],
        ['open', ['/a', undefined, 0]],
        ['close', ['1']],
        ['close', [1.5]],
        ['close', [2 ** 40]],
        ['read', [0, -1]],
        ['write', [1, 'text']],
        ['write', [1, new Uint16Array(1)]],
        ['spawn', ['/bin/true', 'true', [], null, [], false]],
        ['spawn', ['/bin/true', ['true', 1], [], null, [], false]],
        ['watch', [0, 1, 'callback']],
        ['setTimer', [1, undefined]],
        ['onSignal', [[17], undefined]],
        ['setWindowSize', [0, 65_536, 1]],
      ];
      for (const [name, given] of wrong) {
        const call: unknown = Reflect.get(host, name);
        if (typeof call !== 'function') throw new Error(`there is no ${name}`);
        const outcome = thrownBy((): unknown => Reflect.apply(call, host, given));
        if (outcome !== 'TypeError') throw new Error(`${name}: ${outcome} was thrown`);
      }
    },
  },
];
