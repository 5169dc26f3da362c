import { randomInt } from 'node:crypto';

/**
 * A TCP address of loopback that nobody else has: one of millions, at a port that the kernel gives to nobody by itself. `127.0.0.1` is not among them, which
 * others' listeners and connections have.
 */
export function freeAddress(): { readonly host: string; readonly port: number; readonly address: string } {
  const host = `127.${[1, 2, 3].map(() => String(randomInt(1, 255))).join('.')}`;
  const port = randomInt(20_000, 30_000);
  return { host, port, address: `${host}:${String(port)}` };
}
