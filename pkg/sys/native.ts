import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { NativeModule } from './native-module.ts';

/** `GANTRY_NATIVE`, beside the bundle, in the sibling folder of the bundle's, or in the source tree's build folder. */
function locate(): string {
  const places = ['gantry.node', '../native/gantry.node', '../../build/native/gantry.node'];
  const candidates = places.map((place) => fileURLToPath(new URL(place, import.meta.url)));
  const given = process.env['GANTRY_NATIVE'];
  const found = given ?? candidates.find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new Error(`native module not found in ${candidates.join(', ')}: run "make -C native" or set GANTRY_NATIVE`);
}

/**
 * The native module. Loading it captures the umask and the limits that the process was started with, so import
 * something of this folder before changing them.
 */
export const native = createRequire(import.meta.url)(locate()) as NativeModule;
