/** One entry of a tar stream; nothing about it is checked, so that hostile ones can be made. */
export interface TarEntry {
  readonly name: string;
  /** `file` by default. Any single character is taken as it is. */
  readonly type?: 'file' | 'directory' | 'symlink' | 'hardlink' | 'character' | 'block' | 'fifo' | (string & {});
  readonly content?: Buffer | string;
  /** The size that the header claims, when it is not the content's. */
  readonly size?: number;
  readonly linkName?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** Seconds since 1970. */
  readonly mtime?: number;
  readonly deviceMajor?: number;
  readonly deviceMinor?: number;
  /** Extended attributes, written as `SCHILY.xattr.` records. */
  readonly xattrs?: Readonly<Record<string, string>>;
}

const typeFlags: Readonly<Record<string, string>> = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  character: '3',
  block: '4',
  directory: '5',
  fifo: '6',
};

function octal(value: number, length: number): string {
  return `${value.toString(8).padStart(length - 1, '0')}\0`;
}

function header(entry: TarEntry, flag: string, size: number): Buffer {
  const block = Buffer.alloc(512);
  block.write(entry.name, 0, 100);
  block.write(octal(entry.mode ?? (flag === '5' ? 0o755 : 0o644), 8), 100);
  block.write(octal(entry.uid ?? 0, 8), 108);
  block.write(octal(entry.gid ?? 0, 8), 116);
  block.write(octal(size, 12), 124);
  block.write(octal(entry.mtime ?? 1_700_000_000, 12), 136);
  block.write(' '.repeat(8), 148);
  block.write(flag, 156);
  block.write(entry.linkName ?? '', 157, 100);
  block.write('ustar\u000000', 257);
  block.write(octal(entry.deviceMajor ?? 0, 8), 329);
  block.write(octal(entry.deviceMinor ?? 0, 8), 337);
  let sum = 0;
  for (const byte of block) sum += byte;
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

function padded(content: Buffer): Buffer[] {
  const rest = content.length % 512;
  return rest === 0 ? [content] : [content, Buffer.alloc(512 - rest)];
}

function paxRecord(key: string, value: string): string {
  const body = ` ${key}=${value}\n`;
  let length = Buffer.byteLength(body);
  // The length counts its own digits.
  for (let total = 0; total !== length + String(total).length;) total = length + String(total).length;
  length += String(length + String(length).length).length;
  return `${length}${body}`;
}

/** The blocks of one entry: a pax header if it needs one, its header, its content. */
export function tarEntry(entry: TarEntry): Buffer {
  const flag = typeFlags[entry.type ?? 'file'] ?? entry.type ?? '0';
  const content = Buffer.from(entry.content ?? '');
  const records = Object.entries(entry.xattrs ?? {}).map(([key, value]) => paxRecord(`SCHILY.xattr.${key}`, value));
  if (Buffer.byteLength(entry.name) > 100) records.push(paxRecord('path', entry.name));
  if (Buffer.byteLength(entry.linkName ?? '') > 100) records.push(paxRecord('linkpath', entry.linkName ?? ''));
  const parts: Buffer[] = [];
  if (records.length > 0) {
    const pax = Buffer.from(records.join(''));
    parts.push(header({ name: 'pax_header' }, 'x', pax.length), ...padded(pax));
  }
  parts.push(header(entry, flag, entry.size ?? content.length), ...padded(content));
  return Buffer.concat(parts);
}

/** The two empty blocks that end a tar stream. */
export const tarEnd: Buffer = Buffer.alloc(1024);

/** A whole tar stream in memory. */
export function tar(entries: readonly TarEntry[]): Buffer {
  return Buffer.concat([...entries.map(tarEntry), tarEnd]);
}
