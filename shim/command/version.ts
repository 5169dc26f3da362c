// Written in by the build.
declare const GANTRY_BUILD_VERSION: string;
declare const GANTRY_BUILD_REVISION: string;

/** Which shim this is: its version, and the commit that it was built from. */
export function shimVersion(): { readonly version: string; readonly revision: string } {
  return { version: GANTRY_BUILD_VERSION, revision: GANTRY_BUILD_REVISION };
}
