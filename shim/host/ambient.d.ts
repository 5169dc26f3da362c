// The globals of globals.ts. There are no others: no `console`, no `process`, no `Buffer`.

type AbortSignal = import('./abort-signal.ts').AbortSignal;
type AbortController = import('./abort-controller.ts').AbortController;
declare const AbortController: typeof import('./abort-controller.ts').AbortController;

type TextDecoder = import('./text-decoder.ts').TextDecoder;
declare const TextDecoder: typeof import('./text-decoder.ts').TextDecoder;
type TextEncoder = import('./text-encoder.ts').TextEncoder;
declare const TextEncoder: typeof import('./text-encoder.ts').TextEncoder;

declare const setTimeout: typeof import('./timers.ts').setTimeout;
declare const clearTimeout: typeof import('./timers.ts').clearTimeout;
declare function queueMicrotask(callback: () => void): void;
