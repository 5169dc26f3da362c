/**
 * The file of a worker: `name.ts` beside the caller's source, or `name.js` beside the bundle that the caller
 * has become part of. Workers of a bundle are entry points of their own, all in one folder.
 *
 * @param name without its ending, unique among workers
 * @param callerUrl the caller's `import.meta.url`
 *
 * @example
 * new Worker(workerUrl('extract-worker', import.meta.url));
 */
export function workerUrl(name: string, callerUrl: string): URL {
  return new URL(`./${name}${callerUrl.endsWith('.ts') ? '.ts' : '.js'}`, callerUrl);
}
