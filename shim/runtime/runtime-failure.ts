/** A run of the OCI runtime that failed. The message is what Go's driver of runc says, its output behind it. */
export class RuntimeFailure extends Error {
  /** Stdout and stderr; empty when they were the container's. */
  readonly output: string;

  constructor(program: string, status: number, output: string) {
    const told = `${program} did not terminate successfully: exit status ${status}`;
    super(output === '' ? told : `${told}: ${output}`);
    this.name = 'RuntimeFailure';
    this.output = output;
  }
}
