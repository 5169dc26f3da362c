/** What a script of {@link untilHeard} says last. */
export const lastWord = '<that is all>';

/**
 * A script for a shell that says when it has said all, and ends only when it is then told to, by a line: `ctr run`, `exec` and `attach` let go of a
 * container's outputs as soon as they know of its end, and containerd's shim tells of an end before it has copied all, so that now and then what is
 * said right before the end is lost. `Ctr.hear` plays the other part.
 */
export function untilHeard(script: string): string {
  return `${script}\necho '${lastWord}'; read heard`;
}
