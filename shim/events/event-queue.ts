/** An event that waits for the daemon, as it goes on the wire. */
export interface QueuedEvent {
  readonly topic: string;
  readonly payload: Uint8Array;
}

/** How much may wait. */
export interface QueueLimits {
  readonly events: number;
  readonly bytes: number;
}

/** What an event takes besides its payload, roughly: so that many small ones count for what they are. */
const overhead = 128;

/** The last to be given up last: whoever asks a shim learns its state, but nobody asks for what ended. */
const ranks: Readonly<Record<string, number>> = {
  '/tasks/exit': 2,
  '/tasks/create': 1,
  '/tasks/start': 1,
  '/tasks/delete': 1,
};

/**
 * Events in the order in which they happened. What is over a limit goes: the oldest of those that matter least, but never the first, which
 * may be on its way already.
 */
export class EventQueue {
  readonly #limits: QueueLimits;
  readonly #events: QueuedEvent[] = [];
  /** How many there are of each rank. */
  readonly #ofRank = [0, 0, 0];
  #bytes = 0;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  get length(): number {
    return this.#events.length;
  }

  get first(): QueuedEvent | undefined {
    return this.#events[0];
  }

  /** Puts an event last. Returns how many were given up for it, itself perhaps. */
  push(event: QueuedEvent): number {
    this.#events.push(event);
    this.#count(event, 1);
    let dropped = 0;
    while (this.#events.length > 1 && this.#isOver()) {
      this.#remove(this.#leastOfThoseThatWait());
      dropped++;
    }
    return dropped;
  }

  /** Takes the first out. */
  shift(): void {
    if (this.#events.length > 0) this.#remove(0);
  }

  clear(): void {
    while (this.#events.length > 0) this.#remove(this.#events.length - 1);
  }

  #isOver(): boolean {
    return this.#events.length > this.#limits.events || this.#bytes > this.#limits.bytes;
  }

  /** The place of the oldest of the least rank, without the first event. */
  #leastOfThoseThatWait(): number {
    const first = rank(this.#events[0]);
    const least = this.#ofRank.findIndex((count, at) => count > (at === first ? 1 : 0));
    for (let at = 1; at < this.#events.length; at++) {
      if (rank(this.#events[at]) === least) return at;
    }
    return this.#events.length - 1;
  }

  #remove(at: number): void {
    for (const event of this.#events.splice(at, 1)) this.#count(event, -1);
  }

  #count(event: QueuedEvent, sign: 1 | -1): void {
    const at = rank(event);
    this.#ofRank[at] = (this.#ofRank[at] ?? 0) + sign;
    this.#bytes += sign * (event.payload.length + overhead);
  }
}

function rank(event: QueuedEvent | undefined): number {
  return ranks[event?.topic ?? ''] ?? 0;
}
