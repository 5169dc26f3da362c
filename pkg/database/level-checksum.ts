import { crc32c } from './crc32c.ts';

/** Whether bytes have the checksum that LevelDB wrote for them: a CRC-32C, turned and added to, so that it may be part of what is summed. */
export function hasLevelChecksum(bytes: Uint8Array, masked: number): boolean {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0 === masked;
}
