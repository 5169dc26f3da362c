/** Why a regular expression is not one, or is one that we do not take. */
export class Re2Error extends Error {
  constructor(problem: string) {
    super(`error parsing regexp: ${problem}`);
    this.name = 'Re2Error';
  }
}
