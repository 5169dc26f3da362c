import { cpus, release, totalmem } from 'node:os';
import type { Quantity } from './row.ts';
import type { Samples } from './samples.ts';

/** One line of the table, measured. */
export interface ReportLine extends Quantity {
  readonly row: string;
  /** Undefined when that contestant cannot tell. */
  readonly first: Samples | undefined;
  readonly second: Samples | undefined;
  /** Median of the first ÷ median of the second, for speeds the other way round: below 1 the first is better. */
  readonly ratio: number | undefined;
}

/** One line of what was measured. */
export function reportLine(row: string, quantity: Quantity, first?: Samples, second?: Samples): ReportLine {
  const speed = quantity.unit === 'MB/s';
  const [above, below] = speed ? [second, first] : [first, second];
  return { row, ...quantity, first, second, ratio: above && below && above.median / below.median };
}

/** All that a run of the bench has to say. */
export interface Report {
  readonly date: string;
  readonly machine: string;
  readonly first: string;
  readonly second: string;
  readonly lines: readonly ReportLine[];
}

/** The machine in a few words. */
export function machine(): string {
  const processors = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `Linux ${release()}, ${String(processors.length)} × ${processors[0]?.model.trim() ?? 'cpu'}, ${String(memory)} GiB`;
}

function figure(value: number): string {
  return value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);
}

function cell(samples: Samples | undefined): string {
  if (!samples) return '–';
  const { median, least, most, values } = samples;
  return values.length === 1 ? figure(median) : `${figure(median)} (${figure(least)}–${figure(most)})`;
}

function ratioText(ratio: number | undefined): string {
  return ratio === undefined ? '–' : ratio.toFixed(2);
}

/** The table in Markdown: medians, with the least and the greatest value in parentheses. */
export function markdownTable(report: Report): string {
  const header = [`| what | unit | ${report.first} | ${report.second} | ratio |`, '| --- | --- | --- | --- | --- |'];
  const lines = report.lines.map(
    (line) =>
      `| ${line.title} | ${line.unit} | ${cell(line.first)} | ${cell(line.second)} | ${ratioText(line.ratio)} |`,
  );
  return [...header, ...lines].join('\n');
}

/** The page for `docs/`. */
export function markdownPage(report: Report, chart: string): string {
  return `# Benchmarks

${report.first} and ${report.second} on one machine, in turn, with the same shim, runc and client: \`make bench\`. Smaller is better, but for MB/s;
the ratio is the median of the first ÷ the median of the second (for MB/s the other way round), so below 1 the first is better. Least and
greatest values are in parentheses.

${markdownTable(report)}

![Ratios](${chart})

## What is compared

Both daemons sync their records and committed blobs before they answer: that is containerd's default and Gantry's. A pull's unpacked files
are on disk when Gantry answers; containerd leaves them to the kernel (\`sync_fs\` does not reach its own pulls). So a pull has
two lines: until the answer, and until \`sync -f\` on the daemon's root has returned as well, when both have done the same.

Private memory is \`Private_Dirty\` of the daemon's process, without its shims. The longest turn of the main loop is
told by Gantry's own meter; containerd has none.

Measured ${report.date} on ${report.machine}. Absolute times differ from machine to machine and from hour to hour: compare ratios.
`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('`', '');
}

/** Bars of the ratios, with a line at 1. */
export function chart(report: Report): string {
  const rowHeight = 28;
  const left = 480;
  const unit = 200;
  const width = left + 2.2 * unit;
  const lines = report.lines.filter(({ ratio }) => ratio !== undefined);
  const height = 50 + lines.length * rowHeight;
  const bars = lines.map(({ title, ratio = Number.NaN }, index) => {
    const y = 40 + index * rowHeight;
    const color = ratio <= 1 ? '#2e7d32' : '#c62828';
    const length = Math.min(ratio, 2) * unit;
    return [
      `<text x="${String(left - 10)}" y="${String(y + 15)}" text-anchor="end">${escape(title)}</text>`,
      `<rect x="${String(left)}" y="${String(y)}" width="${length.toFixed(1)}" height="20" fill="${color}"/>`,
      `<text x="${(left + length + 6).toFixed(1)}" y="${String(y + 15)}">${ratio.toFixed(2)}</text>`,
    ].join('');
  });
  const one = String(left + unit);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${String(width)}" height="${String(height)}" font-family="sans-serif" font-size="13">`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    `<text x="10" y="22" font-weight="bold">${escape(`${report.first} ÷ ${report.second} (smaller is better for the first)`)}</text>`,
    ...bars,
    `<line x1="${one}" y1="32" x2="${one}" y2="${String(height - 8)}" stroke="#555555" stroke-dasharray="4 3"/>`,
    '</svg>',
    '',
  ].join('\n');
}
