import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type PeerVersion, peers } from '../../lab/peers.ts';
import type { Difference } from './compare.ts';

const page = join(import.meta.dirname, '..', '..', '..', 'docs', 'compatibility.md');
const heading = '## The tour of ctr';

/** A line of the table of differences in `docs/compatibility.md`. */
export interface ListedDifference {
  /** `area: step`; `…` stands for anything. */
  readonly step: string;
  readonly ages: readonly PeerVersion[];
  /** What only containerd says, and what only Gantry says: whole lines, in which `…` stands for anything. */
  readonly containerd: readonly string[];
  readonly gantry: readonly string[];
  readonly why: string;
}

/** Reads the table below the heading "The tour of ctr". @throws Error that names a row that cannot be understood. */
export function listedDifferences(text: string = readFileSync(page, 'utf8')): ListedDifference[] {
  const section = text.split(`${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('|'));
  return rows.slice(2).map((row) => {
    const cells = row.split(/(?<!\\)\|/).slice(1, -1);
    const [step = '', ages = '', containerd = '', gantry = '', why = ''] = cells.map((cell) => cell.trim());
    const [name] = codes(step);
    if (cells.length !== 5 || name === undefined || why === '')
      throw new Error(`compatibility.md: unclear row: ${row}`);
    return { step: name, ages: agesOf(ages, row), containerd: codes(containerd), gantry: codes(gantry), why };
  });
}

function agesOf(cell: string, row: string): readonly PeerVersion[] {
  if (cell === 'all') return peers.versions;
  const ages = peers.versions.filter((version) => cell.split(', ').includes(version));
  if (ages.length === 0 || ages.length !== cell.split(', ').length)
    throw new Error(`compatibility.md: unknown age in: ${row}`);
  return ages;
}

/** What is written as code in a cell. */
function codes(cell: string): string[] {
  return [...cell.matchAll(/`` (.+?) ``|`([^`]+)`/g)].map(([, double, single]) =>
    (double ?? single ?? '').replaceAll(String.raw`\|`, '|'),
  );
}

/** What is listed for one age: explains differences, and knows in the end which of its lines nothing was found for. */
export class ListOfDifferences {
  readonly #rows: readonly ListedDifference[];
  readonly #used = new Set<string>();
  readonly #excused = new Set<string>();

  constructor(age: PeerVersion, rows: readonly ListedDifference[] = listedDifferences()) {
    this.#rows = rows.filter(({ ages }) => ages.includes(age));
  }

  /** Whether a row tells of this difference in that step. */
  explains(step: string, { whose, line }: Difference): boolean {
    let explained = false;
    for (const row of this.#rows) {
      if (!matches(row.step, step)) continue;
      for (const pattern of row[whose]) {
        if (!matches(pattern, line)) continue;
        this.#used.add(`${row.step} ${whose} ${pattern}`);
        explained = true;
      }
    }
    return explained;
  }

  /** Takes no row for outdated for this step: it told nothing this time. */
  excuse(step: string): void {
    this.#excused.add(step);
  }

  /** The listed lines for which no difference was found. */
  outdated(): string[] {
    const excused = [...this.#excused];
    return this.#rows
      .filter((row) => !excused.some((step) => !row.step.startsWith('…') && matches(row.step, step)))
      .flatMap((row) =>
        (['containerd', 'gantry'] as const).flatMap((whose) =>
          row[whose].map((pattern) => `${row.step} ${whose} ${pattern}`),
        ),
      )
      .filter((key) => !this.#used.has(key));
  }
}

function matches(pattern: string, text: string): boolean {
  const source = pattern.split('…').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(`^${source.join('.*')}$`).test(text);
}
