import { Child } from '../../lab/child.ts';
import { Ctr } from '../../lab/ctr.ts';
import type { DaemonUnderTest } from '../../lab/daemon-under-test.ts';
import { type PeerVersion, peers } from '../../lab/peers.ts';
import { normalise } from './normalise.ts';
import type { Facts, Said, TourActions, TourArea, TourStep } from './tour-step.ts';

/** What came of a step, as lines that can be compared: `exit N`, stdout, and stderr with `! ` in front. */
export interface PlayedStep {
  readonly step: TourStep;
  readonly said: Said;
  readonly lines: readonly string[];
}

/** Plays the steps of an area before one daemon. */
export class TourPlayer implements TourActions {
  readonly #daemon: DaemonUnderTest;
  readonly #ctr: Ctr;
  readonly #facts: Map<string, string>;
  readonly #going = new Map<string, Child>();

  /** `facts` are those that hold for both daemons; the player adds the daemon's own. */
  constructor(daemon: DaemonUnderTest, age: PeerVersion, facts: Facts) {
    this.#daemon = daemon;
    this.#ctr = new Ctr(daemon, age);
    this.#facts = new Map([
      ...facts,
      ['daemon', daemon.directory],
      ['address', daemon.address],
      ['namespace', daemon.namespace],
      // Ids are as long before both daemons, so that columns are as wide.
      ['ctr', `${peers.ctr(age)} --address ${daemon.address} --namespace ${daemon.namespace}`],
      ['runc', peers.runc()],
      ['busybox', peers.busybox()],
      ['id', daemon.namespace.slice(-10)],
    ]);
  }

  /** Plays all steps, whatever comes of each. What still goes on in the end is killed. */
  async play(area: TourArea): Promise<PlayedStep[]> {
    const played: PlayedStep[] = [];
    try {
      for (const step of area.steps) {
        if (step.ages?.includes(this.#ctr.version) === false) continue;
        played.push(await this.#play(step));
      }
    } finally {
      for (const child of this.#going.values()) child.kill('SIGKILL');
      await Promise.all([...this.#going.values()].map(({ exited }) => exited));
      if (played.some(({ step, said }) => said.code !== (step.code ?? 0))) await this.#removeTasks();
    }
    return played;
  }

  /** {@inheritDoc TourActions.ctr} */
  async ctr(args: readonly string[]): Promise<Said> {
    return this.#ctr.run(this.#words(args));
  }

  /** {@inheritDoc TourActions.outputOf} */
  outputOf(name: string): string {
    return this.#named(name).stdout;
  }

  /** {@inheritDoc TourActions.heard} */
  async heard(name: string, pattern: RegExp): Promise<unknown> {
    return this.#named(name).output(pattern);
  }

  /** {@inheritDoc TourActions.signal} */
  signal(name: string, signal: NodeJS.Signals): void {
    this.#named(name).kill(signal);
  }

  /** What a step that did not do its part has left running. */
  async #removeTasks(): Promise<void> {
    const { stdout } = await this.#ctr.run(['task', 'ls', '-q']);
    for (const id of stdout.split('\n').filter((line) => line !== '')) await this.#ctr.run(['task', 'rm', '-f', id]);
  }

  async #play(step: TourStep): Promise<PlayedStep> {
    const said = await this.#run(step);
    for (const [name, pattern] of Object.entries(step.keeps ?? {})) {
      const value = pattern.exec(said.stdout)?.[1];
      // Without it later steps fail by themselves, and say so.
      if (value !== undefined) this.#facts.set(name, value);
    }
    const plain = (text: string): string[] => {
      let result = normalise(text, this.#facts);
      for (const rule of step.normalise ?? []) result = rule(result);
      return result.split('\n').filter((line) => line !== '');
    };
    const lines = [`exit ${said.code}`, ...plain(said.stdout), ...plain(said.stderr).map((line) => `! ${line}`)];
    return { step, said, lines };
  }

  async #run(step: TourStep): Promise<Said> {
    if (step.does) return step.does(this);
    if (step.ends !== undefined) {
      const child = this.#named(step.ends);
      if (step.signal !== undefined) child.kill(step.signal);
      this.#going.delete(step.ends);
      return child.exited;
    }
    const child = await this.#start(step);
    if (step.goesOn) {
      this.#going.set(step.goesOn.as, child);
      // One that ends before is told of by the step that waits for its end.
      await child.output(step.goesOn.once).catch(() => undefined);
      return { code: 0, stdout: '', stderr: '' };
    }
    await this.#talk(child, step.talk ?? []);
    if (step.terminal !== true) child.closeInput();
    return child.exited;
  }

  async #start(step: TourStep): Promise<Child> {
    const options = {
      ...(step.input === undefined ? {} : { input: this.#word(step.input) }),
      ...(step.terminal === undefined ? {} : { terminal: step.terminal }),
      ...(step.talk === undefined ? {} : { interactive: true }),
    };
    if (step.ctr) return this.#ctr.start(this.#words(step.ctr), options);
    if (step.sh === undefined) throw new Error(`the step "${step.name}" does nothing`);
    const environment = { PATH: this.#daemon.environment['PATH'] ?? '', CONTAINERD_ADDRESS: this.#daemon.address };
    return Child.start('sh', ['-c', this.#word(step.sh)], {
      ...options,
      cwd: this.#daemon.directory,
      env: environment,
    });
  }

  async #talk(child: Child, talk: NonNullable<TourStep['talk']>): Promise<void> {
    let heard = 0;
    for (const [wait, typed] of talk) {
      try {
        const from = heard;
        const match = await child.output(new RegExp(`^[^]{${from},}?(?:${wait.source})`, wait.flags));
        heard = match[0].length;
      } catch {
        // It ended before: what it said tells why.
        return;
      }
      child.write(this.#word(typed));
    }
  }

  #named(name: string): Child {
    const child = this.#going.get(name);
    if (!child) throw new Error(`nothing goes on as "${name}"`);
    return child;
  }

  #words(words: readonly string[]): string[] {
    return words.map((word) => this.#word(word));
  }

  #word(word: string): string {
    return word.replaceAll(/\{([a-z]+)\}/g, (_, name: string) => this.#facts.get(name) ?? `no-fact-${name}`);
  }
}
