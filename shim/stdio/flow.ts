import type { HostHandle } from '../host/host-calls.ts';
import { host } from '../host/host.ts';
import type { RelayEnded } from '../host/relay-calls.ts';

/** Bytes on their way, in one direction. */
export interface Flow extends Disposable {
  /** Fulfilled when all is moved, or the flow is disposed. */
  readonly ended: Promise<void>;
  /** The process has ended: a terminal that it closed will not be opened again. */
  finish(): void;
  /** Whether it has more than fits where it goes, and nobody is there who could make room. */
  stuck(): boolean;
}

/** A relay as a flow. `after` is called once when it is over, whoever ended it, before `ended` is fulfilled; `stuck` only while it is not. */
export function relayFlow(
  start: (ended: RelayEnded) => HostHandle,
  after: (moved: number, lost: number) => void,
  stuck = (): boolean => false,
): Flow {
  const { promise, resolve } = Promise.withResolvers<void>();
  let over = false;
  const end = (moved: number, lost: number): void => {
    if (over) return;
    over = true;
    after(moved, lost);
    resolve();
  };
  const relay = start((_error, moved, lost) => end(moved, lost));
  return {
    ended: promise,
    finish: (): void => host.finishRelay(relay),
    stuck: () => !over && stuck(),
    [Symbol.dispose]: (): void => {
      host.stopRelay(relay);
      end(0, 0);
    },
  };
}
