/** An entry to be written as it is told, however wrong. */
export interface MadeEntry {
  readonly name: string;
  /** The type flag; a file when missing. */
  readonly type?: string;
  readonly linkName?: string;
  readonly data?: string | Uint8Array;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly seconds?: number;
  readonly major?: number;
  readonly minor?: number;
  /** Instead of the content's length. */
  readonly size?: number;
  /** Records of a pax header before it. */
  readonly pax?: Readonly<Record<string, string>>;
}

function octal(value: number, length: number): string {
  return `${value.toString(8).padStart(length - 1, '0')}\0`;
}

function padded(data: Buffer): Buffer {
  return Buffer.concat([data, Buffer.alloc((512 - (data.length % 512)) % 512)]);
}

/** A header block in ustar's layout with a right checksum. */
export function makeHeader(entry: MadeEntry, size: number): Buffer {
  const block = Buffer.alloc(512);
  block.write(entry.name.slice(0, 100), 0, 'latin1');
  block.write(octal(entry.mode ?? 0o644, 8), 100);
  block.write(octal(entry.uid ?? 0, 8), 108);
  block.write(octal(entry.gid ?? 0, 8), 116);
  block.write(octal(size, 12), 124);
  block.write(octal(entry.seconds ?? 1000, 12), 136);
  block.write(entry.type ?? '0', 156, 'latin1');
  block.write((entry.linkName ?? '').slice(0, 100), 157, 'latin1');
  block.write('ustar\x0000', 257, 'latin1');
  block.write(octal(entry.major ?? 0, 8), 329);
  block.write(octal(entry.minor ?? 0, 8), 337);
  return sealHeader(block);
}

/** Puts the checksum in. */
export function sealHeader(block: Buffer): Buffer {
  block.write('        ', 148);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

function paxRecord(keyword: string, value: string): Buffer {
  const body = Buffer.from(` ${keyword}=${value}\n`, 'latin1');
  let length = body.length + 1;
  while (body.length + String(length).length !== length) length = body.length + String(length).length;
  return Buffer.concat([Buffer.from(String(length)), body]);
}

/** An entry with the pax header that its name or records need. */
export function makeEntry(entry: MadeEntry): Buffer {
  const data = typeof entry.data === 'string' ? Buffer.from(entry.data, 'latin1') : Buffer.from(entry.data ?? []);
  const long: Record<string, string> = {};
  if (entry.name.length > 100) long['path'] = entry.name;
  if ((entry.linkName ?? '').length > 100) long['linkpath'] = entry.linkName ?? '';
  const records = Object.entries({ ...long, ...entry.pax }).map(([key, value]) => paxRecord(key, value));
  const body = Buffer.concat(records);
  const pax = records.length === 0 ? [] : [makeHeader({ name: 'pax', type: 'x' }, body.length), padded(body)];
  return Buffer.concat([...pax, makeHeader(entry, entry.size ?? data.length), padded(data)]);
}

/** An archive with its end. */
export function makeTar(entries: readonly MadeEntry[]): Buffer {
  return Buffer.concat([...entries.map(makeEntry), Buffer.alloc(1024)]);
}
