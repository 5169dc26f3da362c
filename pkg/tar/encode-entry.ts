import type { TarEntry, TarEntryType } from './tar-entry.ts';
import { blockSize } from './tar-header.ts';

const flags: Readonly<Record<TarEntryType, string>> = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  character: '3',
  block: '4',
  directory: '5',
  fifo: '6',
};

/** The largest numbers of octal fields, which end with a null byte. */
const max7 = 0o7777777;
const max11 = 0o77777777777;

/** Two blocks of zeros: what ends an archive. */
export const tarEnd: Buffer = Buffer.alloc(2 * blockSize);

/** Bytes of padding that follow content of this size. */
export function tarPadding(size: number): number {
  return (blockSize - (size % blockSize)) % blockSize;
}

/** `<length> <keyword>=<value>\n`, the length counting its own digits. */
function paxRecord(keyword: string, value: string): string {
  const rest = ` ${keyword}=${value}\n`;
  let length = rest.length + 1;
  while (rest.length + String(length).length !== length) length = rest.length + String(length).length;
  return `${length}${rest}`;
}

function paxTime(seconds: number, nanoseconds: number): string {
  if (nanoseconds === 0) return String(seconds);
  // A negative time is written by its distance from 1970.
  const negative = seconds < 0;
  const whole = negative ? -seconds - 1 : seconds;
  const fraction = String(negative ? 1_000_000_000 - nanoseconds : nanoseconds).padStart(9, '0');
  return `${negative ? '-' : ''}${whole}.${fraction.replace(/0+$/, '')}`;
}

/** Whether a field of a header can hold a name: plain ASCII that fits. */
function fits(name: string): boolean {
  return name.length <= 100 && /^[\u0001-\u007f]*$/.test(name);
}

/** What the header's own fields cannot say, in the order of the keywords. */
function paxBody(entry: TarEntry): string {
  const records: [keyword: string, value: string][] = [];
  const { gid, linkName, name, nanoseconds, seconds, size, uid } = entry;
  if (gid > max7) records.push(['gid', String(gid)]);
  if (!fits(linkName)) records.push(['linkpath', linkName]);
  if (nanoseconds !== 0 || seconds < 0 || seconds > max11) records.push(['mtime', paxTime(seconds, nanoseconds)]);
  if (!fits(name)) records.push(['path', name]);
  if (size > max11) records.push(['size', String(size)]);
  if (uid > max7) records.push(['uid', String(uid)]);
  for (const attribute of [...entry.xattrs.keys()].sort()) {
    const value = Buffer.from(entry.xattrs.get(attribute) ?? []).toString('latin1');
    records.push([`SCHILY.xattr.${attribute}`, value]);
  }
  return records.map(([keyword, value]) => paxRecord(keyword, value)).join('');
}

function putOctal(block: Buffer, value: number, at: number, digits: number, max: number): void {
  // What does not fit stands in the pax header.
  const shown = value >= 0 && value <= max ? value : 0;
  block.write(shown.toString(8).padStart(digits, '0'), at, 'latin1');
}

type HeaderFields = Pick<
  TarEntry,
  'name' | 'linkName' | 'mode' | 'uid' | 'gid' | 'size' | 'seconds' | 'major' | 'minor'
>;

function encodeHeader(fields: HeaderFields, flag: string): Buffer {
  const block = Buffer.alloc(blockSize);
  block.write(fields.name.slice(0, 100), 0, 'latin1');
  putOctal(block, fields.mode, 100, 7, max7);
  putOctal(block, fields.uid, 108, 7, max7);
  putOctal(block, fields.gid, 116, 7, max7);
  putOctal(block, fields.size, 124, 11, max11);
  putOctal(block, fields.seconds, 136, 11, max11);
  block.write('        ', 148, 'latin1');
  block.write(flag, 156, 'latin1');
  block.write(fields.linkName.slice(0, 100), 157, 'latin1');
  block.write('ustar\u000000', 257, 'latin1');
  putOctal(block, fields.major, 329, 7, max7);
  putOctal(block, fields.minor, 337, 7, max7);
  let sum = 0;
  for (const byte of block) sum += byte;
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

/**
 * The header blocks of an entry: ustar, with a pax header before it for what that cannot hold (long names, bytes beyond ASCII,
 * fractions of seconds, large numbers, extended attributes). The same entry gives the same bytes. Content of `entry.size`
 * bytes and {@link tarPadding} are to follow; `sparse` is not looked at.
 */
export function encodeTarEntry(entry: TarEntry): Buffer {
  const header = encodeHeader(entry, flags[entry.type]);
  const body = Buffer.from(paxBody(entry), 'latin1');
  if (body.length === 0) return header;
  const pax = { name: 'PaxHeaders.0', linkName: '', mode: 0o644, uid: 0, gid: 0, seconds: 0, major: 0, minor: 0 };
  const padding = Buffer.alloc(tarPadding(body.length));
  return Buffer.concat([encodeHeader({ ...pax, size: body.length }, 'x'), body, padding, header]);
}
