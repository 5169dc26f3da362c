import type { MetricFamily, MetricSample } from './metric-family.ts';

/** Families in Prometheus's text format 0.0.4, in the order of their names; those without a value are left out. */
export function printMetrics(families: readonly MetricFamily[]): string {
  const sorted = families.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return sorted.map(printFamily).join('');
}

function printFamily({ name, help, type, samples }: MetricFamily): string {
  const lines = Array.from(samples, (sample) => printSample(name, sample));
  if (lines.length === 0) return '';
  return `# HELP ${name} ${help.replace(/[\\\n]/g, escape)}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}

function printSample(name: string, { suffix = '', labels, value }: MetricSample): string {
  const pairs = labels.map(([key, text]) => `${key}="${text.replace(/[\\\n"]/g, escape)}"`).join(',');
  return `${name}${suffix}${pairs === '' ? '' : `{${pairs}}`} ${printValue(value)}\n`;
}

function printValue(value: number | bigint): string {
  if (value === Infinity) return '+Inf';
  return value === -Infinity ? '-Inf' : String(value);
}

function escape(character: string): string {
  return character === '\n' ? String.raw`\n` : `\\${character}`;
}
