/** A key's path as one would write it in the file: `plugins.'io.containerd.gc.v1.scheduler'.startup_delay`. */
export function keyPath(keys: readonly string[]): string {
  return keys.map((key) => (/^[A-Za-z0-9_-]+$/.test(key) ? key : `'${key}'`)).join('.');
}
