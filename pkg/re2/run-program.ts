import type { Assertion } from './re2-node.ts';
import type { Re2Program } from './re2-program.ts';

/** Whether the program matches anywhere in `text`: all states advance together, one character at a time. */
export function runProgram({ instructions, start }: Re2Program, text: string): boolean {
  const seen = new Uint32Array(instructions.length);
  let current: number[] = [];
  let generation = 0;
  let previous = -1;
  for (let at = 0; ;) {
    const point = text.codePointAt(at) ?? -1;
    generation++;
    const characters: number[] = [];
    // A match may begin at every place, so the start joins the states at each.
    const pending = [...current, start];
    for (let index = pending.pop(); index !== undefined; index = pending.pop()) {
      if (seen[index] === generation) continue;
      seen[index] = generation;
      const instruction = instructions[index];
      switch (instruction?.kind) {
        case 'match':
          return true;
        case 'character':
          characters.push(index);
          break;
        case 'assertion':
          if (holds(instruction.assertion, previous, point)) pending.push(instruction.next);
          break;
        case 'split':
          pending.push(instruction.other, instruction.next);
          break;
        case undefined:
          break;
      }
    }
    if (point < 0) return false;
    current = [];
    for (const index of characters) {
      const instruction = instructions[index];
      if (instruction?.kind === 'character' && instruction.test(point)) current.push(instruction.next);
    }
    previous = point;
    at += point > 0xffff ? 2 : 1;
  }
}

/** Whether an assertion holds between two characters; -1 stands for the beginning or the end of the text. */
function holds(assertion: Assertion, before: number, after: number): boolean {
  switch (assertion) {
    case 'text-begin':
      return before < 0;
    case 'text-end':
      return after < 0;
    case 'line-begin':
      return before < 0 || before === 10;
    case 'line-end':
      return after < 0 || after === 10;
    case 'word-boundary':
      return isWord(before) !== isWord(after);
    case 'no-word-boundary':
      return isWord(before) === isWord(after);
  }
}

function isWord(point: number): boolean {
  return (
    (point >= 0x30 && point <= 0x39) ||
    (point >= 0x41 && point <= 0x5a) ||
    point === 0x5f ||
    (point >= 0x61 && point <= 0x7a)
  );
}
