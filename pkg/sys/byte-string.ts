/**
 * A string of bytes, one a character (`latin1`): how names of files travel that need not be UTF-8. This turns
 * an ordinary string into one.
 */
export function toByteString(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}
