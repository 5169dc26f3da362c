import { only, replaced } from '../normalise.ts';
import { ctr, type Said, sh, type TourActions, type TourArea } from '../tour-step.ts';
import { pullImage } from './words.ts';

/** What the container wrote, apart from prompts and what the terminal echoes. */
const marked = only(/^(?:<.*>|exit.*|\/dev\/\S+)$/);
// The shell may ask the terminal where the cursor is.
const prompt = /# (?:\u001B\[6n)?$/;

/** Sends SIGWINCH until the container says that it came: the client does not tell when it begins to pass signals on. */
async function untilHeard(tour: TourActions): Promise<Said> {
  while (!tour.outputOf('run').includes('heard')) {
    tour.signal('run', 'SIGWINCH');
    await tour.ctr(['task', 'ls', '-q']);
  }
  return { code: 0, stdout: '', stderr: '' };
}

/** Pseudo-terminals, and programs that are left and met again. */
export const terminals: TourArea = {
  name: 'terminals',
  steps: [
    ...pullImage,
    // What is said right before the end may be lost, as the client does not wait for it: whatever is looked at is heard before the end.
    ctr("run --rm -t {image} a-{id} sh -c 'tty; read line; exit 4'", {
      terminal: true,
      code: 4,
      talk: [[/\/dev\/(?:pts\/0|console)/, '\r']],
      normalise: [marked],
      shows: /dev/,
    }),
    ctr('run --rm -t {image} a-{id} sh', {
      terminal: true,
      code: 5,
      talk: [
        [prompt, "stty size; echo '<'typed'>'\r"],
        [/<typed>[^]*# (?:\u001B\[6n)?$/, 'exit 5\r'],
      ],
      normalise: [marked],
    }),
    ctr('run --rm -t {image} a-{id} sh -c \'stty -echo; echo asks; read line; echo "<$line>"; read end\'', {
      terminal: true,
      talk: [
        [/asks/, 'an answer\r'],
        [/<an answer>/, '\r'],
      ],
      normalise: [marked],
    }),
    ctr(
      'run --rm -t {image} a-{id} sh -c \'trap "echo interrupted; read end; exit 6" INT; echo waits; while :; do sleep 1; done\'',
      {
        terminal: true,
        code: 6,
        talk: [
          [/waits/, '\u0003'],
          [/interrupted/, '\r'],
        ],
        normalise: [only(/interrupted/), replaced(/\^C/g, '')],
      },
    ),
    ctr('run -d -t {image} b-{id} sh', { terminal: true, normalise: [only(/^exit/)] }),
    ctr('task ls', { normalise: [replaced(/\d+/g, '{n}')] }),
    ctr("task exec -t --exec-id e1-{id} b-{id} sh -c 'tty; read line'", {
      terminal: true,
      talk: [[/\/dev\/pts\/\d/, '\r']],
      normalise: [marked],
      shows: /dev/,
    }),
    ctr('task exec -t --exec-id e2-{id} b-{id} sh', {
      terminal: true,
      code: 3,
      talk: [
        [prompt, "stty size; echo '<'typed'>'\r"],
        [/<typed>[^]*# (?:\u001B\[6n)?$/, 'exit 3\r'],
      ],
      normalise: [marked],
    }),
    ctr('task attach b-{id}', {
      terminal: true,
      code: 8,
      talk: [
        [/^/, "echo '<'attached'>'\r"],
        [/<attached>[^]*# (?:\u001B\[6n)?$/, 'exit 8\r'],
      ],
      normalise: [marked],
    }),
    ctr('task ls', { name: 'task ls after the end', normalise: [replaced(/\d+/g, '{n}')] }),
    ctr('containers rm b-{id}'),
    ctr('run -d {image} c-{id} sh -c \'while read line; do test $line = end && exit 9; echo "<$line>"; done\''),
    ctr('task attach c-{id}', {
      name: 'attach without a terminal',
      code: 9,
      talk: [
        [/^/, 'one\n'],
        [/<one>/, 'two\n'],
        [/<two>/, 'end\n'],
      ],
      normalise: [marked],
    }),
    ctr('containers rm c-{id}', { name: 'containers rm c' }),
    ctr('task attach c-{id}', { name: 'attach to none', code: 1 }),
    ctr(
      'run --rm {image} d-{id} sh -c \'trap "echo heard" WINCH; trap "echo got it; exit 9" TERM; sleep 1000 & echo ready; while :; do wait; done\'',
      { goesOn: { as: 'run', once: /ready/ } },
    ),
    { name: 'a signal that does no harm', does: untilHeard },
    { name: 'the run, told to end', ends: 'run', signal: 'SIGTERM', code: 9, normalise: [only(/ready/)] },
    ctr('containers ls', { name: 'containers ls in the end' }),
    sh('what is left of terminals', 'find run state -ignore_readdir_race -name "*pty*"'),
  ],
};
