import { host } from '../../../../../shim/host/host.ts';

/** Writes all of a text to stdout. */
export function writeOut(text: string): void {
  for (let rest = host.encodeUtf8(text); rest.length > 0; rest = rest.subarray(host.write(1, rest)));
}
