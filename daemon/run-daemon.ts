// The native module goes first: it remembers the umask and the limits that the daemon was started with.
import { setUmask } from '../pkg/sys/umask.ts';
import { mkdir } from 'node:fs/promises';
import { DescriptorSink } from '../pkg/log/descriptor-sink.ts';
import { jsonFormat } from '../pkg/log/json-format.ts';
import { LineLogger } from '../pkg/log/line-logger.ts';
import type { Logger } from '../pkg/log/logger.ts';
import { textFormat } from '../pkg/log/text-format.ts';
import { keptMemory } from '../pkg/sys/kept-memory.ts';
import { builtins } from './builtins.ts';
import type { GlobalFlags } from './command-line.ts';
import type { Configuration } from './config/configuration.ts';
import { loadConfiguration } from './config/load-configuration.ts';
import { joinCgroup } from './join-cgroup.ts';
import { notifySystemd } from './notify-systemd.ts';
import { setOomScore } from './oom-score.ts';
import { Signals } from './signals.ts';
import { Daemon } from './start-daemon.ts';
import { daemonVersion } from './version.ts';

/** How long plugins may take to stop, in milliseconds; dockerd waits 15 s before it kills. */
const stopTimeout = 10_000;

/**
 * Runs the daemon until a signal stops it.
 * @returns the exit code
 * @throws KindError when it does not start.
 */
export async function runDaemon(flags: GlobalFlags): Promise<number> {
  const started = process.hrtime.bigint();
  setUmask(0);
  keptMemory.limit();
  const signals = new Signals();
  const configuration = await loadConfiguration(flags.config, builtins, flags);
  const sink = DescriptorSink.open(2);
  const { logFormat, logLevel: level, logTraceId: traceId } = configuration;
  const log = new LineLogger({ sink, format: logFormat === 'json' ? jsonFormat : textFormat, level, traceId });
  signals.report(log, configuration.state);
  logCrashes(log);
  const code = await serve(configuration, log, signals, started);
  await sink.flush(1000);
  // Whatever is still open must not keep the daemon.
  return process.exit(code);
}

async function serve(configuration: Configuration, log: Logger, signals: Signals, started: bigint): Promise<number> {
  const version = daemonVersion();
  log.info('starting gantry', { ...version });
  for (const { message, fields } of configuration.warnings) log.warn(message, fields);
  try {
    await applyToProcess(configuration, log);
    const executable = process.env['GANTRY_EXECUTABLE'] ?? process.argv[1] ?? 'gantry';
    const daemon = await Daemon.start({ configuration, plugins: builtins, log, executable, ...version });
    signals.describe(() => daemon.describe());
    const seconds = Number(process.hrtime.bigint() - started) / 1e9;
    log.info(`gantry successfully booted in ${seconds.toFixed(6)}s`);
    notifySystemd('READY=1', log);
    const signal = await signals.stop;
    log.info('stopping', { signal });
    notifySystemd('STOPPING=1', log);
    return await stop(daemon, log);
  } catch (error) {
    log.error('cannot run', { error });
    return 1;
  }
}

async function stop(daemon: Daemon, log: Logger): Promise<number> {
  const late = Promise.withResolvers<'late'>();
  const timer = setTimeout(() => late.resolve('late'), stopTimeout);
  const outcome = await Promise.race([daemon[Symbol.asyncDispose](), late.promise]);
  clearTimeout(timer);
  if (outcome !== 'late') return 0;
  log.error('plugins did not stop in time', { milliseconds: stopTimeout });
  return 1;
}

async function applyToProcess({ temp, oomScore, cgroup }: Configuration, log: Logger): Promise<void> {
  if (temp !== '') {
    await mkdir(temp, { recursive: true, mode: 0o700 });
    process.env['TMPDIR'] = temp;
  }
  if (oomScore !== 0) await setOomScore(oomScore, log);
  if (cgroup !== '') await joinCgroup(cgroup);
}

function logCrashes(log: Logger): void {
  process.on('uncaughtException', (error) => {
    log.error('crashed', { error, stack: error instanceof Error ? error.stack : undefined });
    process.exit(2);
  });
}
