/** No space on the disk, no more of somebody's quota, no more descriptors. */
const codes: readonly unknown[] = ['ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE'];

/** Whether a system call that failed for want of space or of descriptors is behind an error: the error itself, or one of its causes. */
export function isOutOfRoom(error: unknown): boolean {
  let at = error;
  // Causes may form a circle.
  for (let depth = 0; depth < 8 && at instanceof Error; depth++) {
    if ('code' in at && codes.includes(at.code)) return true;
    at = at.cause;
  }
  return false;
}
