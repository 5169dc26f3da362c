/** Says what is wrong with a file of LevelDB's. */
export class LevelDamage extends Error {
  constructor(problem: string) {
    super(problem);
    this.name = 'LevelDamage';
  }
}
