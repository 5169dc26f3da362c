/** How to hand an overlay's options to the kernel. */
export type OverlayPlan =
  | { readonly kind: 'plain'; readonly data: string }
  /** Lower directories are relative to `cwd`. */
  | { readonly kind: 'relative'; readonly data: string; readonly cwd: string }
  /** One parameter at a time, keys and values in turn, an empty value for a flag; Linux 6.8 and newer. */
  | { readonly kind: 'parameters'; readonly parameters: readonly string[] };

/** mount(2) copies one page, its last byte a null. */
const maxData = 4095;

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** Splits `lowerdir=` at colons that no backslash escapes. */
function splitLower(value: string): string[] {
  const directories: string[] = [];
  let start = 0;
  // Not by a regular expression: the shim's engine cannot split by one.
  for (let at = value.indexOf(':'); at >= 0; at = value.indexOf(':', at + 1)) {
    if (value[at - 1] === '\\') continue;
    directories.push(value.slice(start, at));
    start = at + 1;
  }
  return [...directories, value.slice(start)];
}

/** The longest directory that all paths lie beneath, with a slash at its end. */
function commonDirectory(paths: readonly string[]): string {
  let common = paths[0] ?? '';
  for (const path of paths) {
    while (!path.startsWith(common)) common = common.slice(0, -1);
  }
  common = common.slice(0, common.lastIndexOf('/') + 1);
  // An escaped character in the common part would have to be unescaped for chdir.
  return common.includes('\\') ? '' : common;
}

function asParameters(data: readonly string[], lower: readonly string[]): string[] {
  const parameters: string[] = [];
  for (const option of data) {
    const cut = option.indexOf('=');
    if (option.startsWith('lowerdir=')) {
      for (const directory of lower) parameters.push('lowerdir+', directory.replaceAll('\\:', ':'));
    } else if (cut < 0) parameters.push(option, '');
    else parameters.push(option.slice(0, cut), option.slice(cut + 1));
  }
  return parameters;
}

/**
 * Fits overlay options that are longer than mount(2) takes: first by lower directories relative to the deepest
 * directory that they share, then by a call for each parameter.
 */
export function planOverlay(data: readonly string[]): OverlayPlan {
  const joined = data.join(',');
  if (byteLength(joined) <= maxData) return { kind: 'plain', data: joined };
  const lower = splitLower(data.find((option) => option.startsWith('lowerdir='))?.slice('lowerdir='.length) ?? '');
  const cwd = commonDirectory(lower);
  if (cwd.length > 1) {
    const relative = lower.map((directory) => directory.slice(cwd.length)).join(':');
    const shorter = data.map((option) => (option.startsWith('lowerdir=') ? `lowerdir=${relative}` : option)).join(',');
    if (byteLength(shorter) <= maxData && !lower.includes(cwd)) return { kind: 'relative', data: shorter, cwd };
  }
  return { kind: 'parameters', parameters: asParameters(data, lower) };
}
