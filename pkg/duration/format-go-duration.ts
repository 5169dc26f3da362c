/** Milliseconds as Go prints a duration: `0s`, `100ms`, `1.5s`, `1h0m0s`. */
export function formatGoDuration(milliseconds: number): string {
  if (milliseconds === 0) return '0s';
  const sign = milliseconds < 0 ? '-' : '';
  const rest = Math.abs(milliseconds);
  if (rest < 0.001) return `${sign}${decimal(rest * 1e6)}ns`;
  if (rest < 1) return `${sign}${decimal(rest * 1000)}µs`;
  if (rest < 1000) return `${sign}${decimal(rest)}ms`;
  const hours = Math.floor(rest / 3_600_000);
  const minutes = Math.floor((rest % 3_600_000) / 60_000);
  const seconds = `${decimal((rest % 60_000) / 1000)}s`;
  if (hours > 0) return `${sign}${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${sign}${minutes}m${seconds}` : `${sign}${seconds}`;
}

function decimal(value: number): string {
  return String(Number(value.toFixed(9)));
}
