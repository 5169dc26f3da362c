/** What an archive's entry is. */
export interface TarFile {
  readonly name: string;
  readonly size: number;
  readonly mode: number;
  readonly directory?: boolean;
}

const block = 512;

/** What a header's size field holds in octal digits. */
const maxOctalSize = 8 ** 11 - 1;

/** The header of an archive's entry: ustar, with a pax header before it where that is too narrow. Owner root, time 0. */
export function tarFileHeader(file: TarFile): Buffer {
  const records = [
    ...(Buffer.byteLength(file.name) > 100 ? [paxRecord('path', file.name)] : []),
    ...(file.size > maxOctalSize ? [paxRecord('size', String(file.size))] : []),
  ];
  const header = ustar(file.name, file.directory === true ? '5' : '0', file.size, file.mode);
  if (records.length === 0) return header;
  const body = Buffer.concat(records);
  const pax = ustar('PaxHeaders.0/file', 'x', body.length, 0o644);
  return Buffer.concat([pax, body, tarPadding(body.length), header]);
}

/** The zeros that follow an entry's content. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((block - (size % block)) % block);
}

/** The end of an archive. */
export const tarEnd = Buffer.alloc(2 * block);

function ustar(name: string, flag: string, size: number, mode: number): Buffer {
  const header = Buffer.alloc(block);
  header.write(Buffer.from(name).subarray(0, 100).toString('latin1'), 0, 'latin1');
  header.write(`${mode.toString(8).padStart(7, '0')}\0`, 100, 'latin1');
  header.write('0000000\x000000000\0', 108, 'latin1');
  header.write(`${(size > maxOctalSize ? 0 : size).toString(8).padStart(11, '0')}\0`, 124, 'latin1');
  header.write('00000000000\0', 136, 'latin1');
  header.write('        ', 148, 'latin1');
  header.write(flag, 156, 'latin1');
  header.write('ustar\x0000', 257, 'latin1');
  // Device numbers, as Go's writer has them: equal images make archives equal to containerd's.
  header.write('0000000\x000000000\0', 329, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}

/** `<length> <key>=<value>\n`, where the length counts itself. */
function paxRecord(key: string, value: string): Buffer {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + String(rest).length;
  length = rest + String(length).length;
  return Buffer.from(`${length} ${key}=${value}\n`);
}
