// Compares two daemons, in turn: Gantry and containerd 2.1.9 unless told otherwise.
//
//   node test/bench/main.ts [--daemons gantry,2.1.9] [--rows run,exec,pull,…] [--effort N] [--write docs/benchmarks.md]
//
// Prints a table; leaves it with JSON and SVG beside the file given with --write, or in .cache/bench.
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { peers } from '../lab/peers.ts';
import { BenchRegistry } from './bench-images.ts';
import { chart, machine, markdownPage, markdownTable, reportLine, type Report, type ReportLine } from './report.ts';
import type { BenchContext, Contestant } from './row.ts';
import { rows } from './rows.ts';
import { summarize } from './samples.ts';

const { values: options } = parseArgs({
  options: {
    daemons: { type: 'string', default: 'gantry,2.1.9' },
    rows: { type: 'string', default: rows.map(({ id }) => id).join(',') },
    effort: { type: 'string', default: '1' },
    write: { type: 'string' },
  },
});

function contestant(name: string | undefined): Contestant {
  const known = (['gantry', 'gantry+shim', ...peers.versions] as const).find((kind) => kind === name);
  if (!known) throw new Error(`unknown daemon "${name ?? ''}": gantry, gantry+shim, ${peers.versions.join(', ')}`);
  return known;
}

function title(kind: Contestant): string {
  if (kind === 'gantry+shim') return 'Gantry with its shim';
  return kind === 'gantry' ? 'Gantry' : `containerd ${kind}`;
}

async function measureAll(first: Contestant, second: Contestant): Promise<Report> {
  const wanted = options.rows.split(',');
  const unknown = wanted.find((id) => !rows.some((row) => row.id === id));
  if (unknown !== undefined) throw new Error(`unknown row "${unknown}": ${rows.map(({ id }) => id).join(', ')}`);
  await using registry = await BenchRegistry.start();
  const context: BenchContext = {
    busybox: await registry.image('busybox'),
    image: (name) => registry.image(name),
    effort: Number(options.effort),
  };
  const lines: ReportLine[] = [];
  for (const row of rows.filter(({ id }) => wanted.includes(id))) {
    console.error(`measuring: ${row.quantities[0]?.title ?? row.id}`);
    const measured = await row.measure([first, second], context);
    row.quantities.forEach((quantity, index) => {
      const [ours = [], theirs = []] = measured[index] ?? [];
      lines.push(reportLine(row.id, quantity, summarize(ours), summarize(theirs)));
    });
  }
  const date = new Date().toISOString().slice(0, 10);
  return { date, machine: machine(), first: title(first), second: title(second), lines };
}

const [first, second] = options.daemons.split(',');
const report = await measureAll(contestant(first), contestant(second));
const page = resolve(options.write ?? join(import.meta.dirname, '..', '..', '.cache', 'bench', 'benchmarks.md'));
const base = join(dirname(page), basename(page, '.md'));
mkdirSync(dirname(page), { recursive: true });
writeFileSync(page, markdownPage(report, `${basename(base)}.svg`));
writeFileSync(`${base}.json`, `${JSON.stringify(report, undefined, 2)}\n`);
writeFileSync(`${base}.svg`, chart(report));
console.log(`${markdownTable(report)}\n\n${page}`);
