import type { CallObservation, CallObserver, ObservedCall } from './call-observer.ts';

/** What several observers want to follow of one call, as one; undefined when none does, as that is free. */
export function observeCall(observers: readonly CallObserver[], call: () => ObservedCall): CallObservation | undefined {
  if (observers.length === 0) return undefined;
  const observed = call();
  const followers = observers.map((observer) => observer.begin(observed)).filter((each) => each !== undefined);
  return followers.length > 1 ? new Followers(followers) : followers[0];
}

class Followers implements CallObservation {
  readonly #followers: readonly CallObservation[];

  constructor(followers: readonly CallObservation[]) {
    this.#followers = followers;
  }

  received(): void {
    for (const follower of this.#followers) follower.received?.();
  }

  sent(): void {
    for (const follower of this.#followers) follower.sent?.();
  }

  ended(code: number): void {
    for (const follower of this.#followers) follower.ended?.(code);
  }

  readonly run = <T>(work: () => T): T =>
    this.#followers.reduce((inner, { run }) => (run ? () => run(inner) : inner), work)();
}
