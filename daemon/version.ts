import { readFileSync } from 'node:fs';

// Written in by the build; not there in the source tree.
declare const GANTRY_BUILD_VERSION: string;
declare const GANTRY_BUILD_REVISION: string;

/** The containerd whose API is served; nerdctl turns features off below 2.0. */
const apiVersion = '2.3.4';

/** What this daemon is: `-v` and `Version` answer it. */
export interface DaemonVersion {
  /** Semantic version: containerd's, with our own as build metadata. */
  readonly version: string;
  /** The commit that it was built from, or `unknown`. */
  readonly revision: string;
}

/** The version; the build writes it in, the source tree has it in its package.json. */
export function daemonVersion(): DaemonVersion {
  const own = typeof GANTRY_BUILD_VERSION === 'undefined' ? sourceVersion() : GANTRY_BUILD_VERSION;
  const revision = typeof GANTRY_BUILD_REVISION === 'undefined' ? 'unknown' : GANTRY_BUILD_REVISION;
  return { version: `${apiVersion}+gantry.${own}`, revision };
}

function sourceVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(text) as { readonly version: string };
  return version;
}
