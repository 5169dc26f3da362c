/** What the daemon holds of a process. */
export interface GivenProcess {
  /** Empty for the first one. */
  readonly exec: string;
  /** Descriptors that we inherit: a pidfd from before the old shim died, and a copy of the terminal's master. */
  readonly pidfd?: number;
  readonly master?: number;
  /** Whether its exit event has been published. */
  readonly told: boolean;
}

/** A container that is to be taken over. */
export interface GivenContainer {
  readonly id: string;
  readonly bundle: string;
  readonly processes: readonly GivenProcess[];
}

/** What the daemon tells `takeover` on its standard input. */
export interface TakeoverInput {
  readonly version: 1;
  readonly socketDirectory: string;
  readonly containers: readonly GivenContainer[];
}

/** Reads the input; the daemon is taken at its word. @throws Error for what is none, or of another version. */
export function parseTakeoverInput(text: string): TakeoverInput {
  const input = JSON.parse(text) as Partial<TakeoverInput>;
  if (input.version !== 1 || !Array.isArray(input.containers) || typeof input.socketDirectory !== 'string') {
    throw new Error('takeover: the input is not of version 1');
  }
  return input as TakeoverInput;
}

/** All the descriptors that it names. */
export function descriptorsIn({ containers }: TakeoverInput): number[] {
  const processes = containers.flatMap((container) => container.processes);
  return processes.flatMap(({ pidfd, master }) => [pidfd, master]).filter((fd) => fd !== undefined);
}
