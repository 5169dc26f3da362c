import { BootstrapResult } from '../../api/gen/containerd/runtime/bootstrap/v1/bootstrap.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import type { ShimAddress } from './shim-address.ts';

/** A unix socket's path has at most 107 bytes; other addresses are not much longer. */
const maxAddress = 512;

const newestVersion = 3;

/** Metadata by which shims of ours tell that another can take over from them. */
const successors = 'io.containerd.gantry.successors';

/** Wire types of the fields of BootstrapResult: a number or a string, list or map. */
const wireTypes = new Map([
  [1, [0]],
  [2, [2]],
  [3, [2]],
  [4, [0, 2]],
  [5, [2]],
]);

/**
 * Reads what a shim's `start` printed, in any of its three forms: a binary BootstrapResult, JSON, or a plain address.
 *
 * The forms are told apart strictly. The binary one is decoded first, from the bytes as they are (white space may be part of
 * it) and with every wire type checked, since text is made of bytes that a lenient decoder skips.
 *
 * @throws KindError `unavailable` for nothing at all and for nonsense, `unimplemented` for a version that is too new.
 */
export function parseBootstrapReply(output: Uint8Array): ShimAddress {
  return checked(decodeBinary(output) ?? parseText(output));
}

/**
 * Reads `bootstrap.json`, or the file `address` of older shims.
 * @throws KindError as {@link parseBootstrapReply}.
 */
export function parseBootstrapText(text: string): ShimAddress {
  return checked(parseText(Buffer.from(text)));
}

/** What goes into `bootstrap.json`: the form that containerd 2.x writes. */
export function bootstrapJson({ version, address, protocol }: ShimAddress): string {
  return JSON.stringify({ version, address, protocol });
}

function decodeBinary(output: Uint8Array): ShimAddress | undefined {
  if (output.length === 0 || !hasLegalFields(output)) return undefined;
  try {
    const { version, address, protocol, metadata } = BootstrapResult.decode(output);
    const canBeFollowed = metadata.get(successors) === 'yes';
    return {
      version,
      address,
      protocol: protocol === '' ? 'ttrpc' : protocol,
      ...(canBeFollowed ? { canBeFollowed } : {}),
    };
  } catch {
    return undefined;
  }
}

/** Walks over the message: known fields with their own wire type, unknown ones with any that exists, no groups, no rest. */
function hasLegalFields(bytes: Uint8Array): boolean {
  let at = 0;
  while (at < bytes.length) {
    const tag = readVarint(bytes, at);
    if (!tag) return false;
    const field = Number(tag.value >> 3n);
    const type = Number(tag.value & 7n);
    if (field === 0 || wireTypes.get(field)?.includes(type) === false) return false;
    const end = endOfValue(bytes, tag.end, type);
    if (end === undefined || end > bytes.length) return false;
    if (field <= 3 && type === 2 && !isUtf8(bytes.subarray(tag.end, end))) return false;
    at = end;
  }
  return true;
}

function endOfValue(bytes: Uint8Array, at: number, type: number): number | undefined {
  if (type === 1) return at + 8;
  if (type === 5) return at + 4;
  if (type !== 0 && type !== 2) return undefined;
  const number = readVarint(bytes, at);
  if (!number) return undefined;
  return type === 0 ? number.end : number.end + Number(number.value);
}

function readVarint(bytes: Uint8Array, at: number): { value: bigint; end: number } | undefined {
  let value = 0n;
  for (let i = 0; i < 10; i++) {
    const byte = bytes[at + i];
    if (byte === undefined) return undefined;
    value |= BigInt(byte & 0x7f) << BigInt(7 * i);
    if (byte < 0x80) return { value, end: at + i + 1 };
  }
  return undefined;
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

function parseText(output: Uint8Array): ShimAddress {
  const text = Buffer.from(output).toString('utf8').trim();
  return parseJson(text) ?? { version: 2, address: text, protocol: 'ttrpc' };
}

function parseJson(text: string): ShimAddress | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return undefined;
    const { version, address, protocol } = value as Partial<Record<keyof ShimAddress, unknown>>;
    if (typeof version !== 'number' || version < 2 || typeof address !== 'string') return undefined;
    return { version, address, protocol: typeof protocol === 'string' && protocol !== '' ? protocol : 'ttrpc' };
  } catch {
    return undefined;
  }
}

function checked(reply: ShimAddress): ShimAddress {
  const { version, address } = reply;
  if (version > newestVersion) {
    throw new KindError(
      'unimplemented',
      `shim speaks version ${version} of the task API, at most ${newestVersion} is known`,
    );
  }
  const shown = JSON.stringify(address.slice(0, 200));
  if (address === '') throw new KindError('unavailable', 'shim told no address');
  // What begins as JSON and is none was cut off, or is of a version before there were any.
  const broken = hasControls(address) || address.startsWith('{');
  if (version < 2 || address.length > maxAddress || broken) {
    throw new KindError('unavailable', `shim told no usable address but ${shown}, version ${version}`);
  }
  return reply;
}

/** White space and control characters, but for the NUL that begins the name of an abstract socket. */
function hasControls(address: string): boolean {
  const name = address.startsWith('\0') ? address.slice(1) : address;
  return /[\s\p{Cc}]/u.test(name);
}
