// What ECMAScript leaves to hosts, and what the engine is too old for; ambient.d.ts has their types. The build puts this before everything else.
import { AbortController } from './abort-controller.ts';
import { AbortSignal } from './abort-signal.ts';
import { TextDecoder } from './text-decoder.ts';
import { TextEncoder } from './text-encoder.ts';
import { clearTimeout, setTimeout } from './timers.ts';

/** What the callback throws is told as an unhandled rejection. */
function queueMicrotask(callback: () => void): void {
  void Promise.resolve().then(callback);
}

Object.assign(globalThis, {
  AbortController,
  AbortSignal,
  TextDecoder,
  TextEncoder,
  clearTimeout,
  queueMicrotask,
  setTimeout,
});

for (const name of ['dispose', 'asyncDispose']) {
  // The symbols that esbuild takes where it turns `using` into older syntax.
  Object.defineProperty(Symbol, name, { value: Symbol.for(`Symbol.${name}`) });
}
