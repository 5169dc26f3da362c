import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { parseCommandLine, usage, type CommandLine } from './command-line.ts';
import { daemonVersion } from './version.ts';

// Written in by the build; not there in the source tree.
declare const GANTRY_BUILD_VERSION: string;

// A bundle is compiled once for all starts; the build leaves the result beside it. Sources change too often for that.
if (typeof GANTRY_BUILD_VERSION !== 'undefined') enableCompileCache(join(import.meta.dirname, 'compile-cache'));

// What a command needs is loaded when it runs: shims call `publish` for each event.
async function main(): Promise<number> {
  const line = parseCommandLine(process.argv.slice(2));
  switch (line.command) {
    case 'run': {
      const { runDaemon } = await import('./run-daemon.ts');
      return runDaemon(line.flags);
    }
    case 'publish': {
      const { publish } = await import('./publish.ts');
      await publish(line);
      return 0;
    }
    case 'version': {
      const { version, revision } = daemonVersion();
      console.log(`gantry gantry ${version} ${revision}`);
      return 0;
    }
    case 'help':
      process.stdout.write(usage);
      return 0;
    case 'oci-hook': {
      const { ociHook } = await import('./oci-hook.ts');
      return ociHook(line.args);
    }
    default:
      await printConfiguration(line);
      return 0;
  }
}

async function printConfiguration({ command, flags }: CommandLine): Promise<void> {
  const { printToml } = await import('./config/print-toml.ts');
  const { loadConfiguration } = await import('./config/load-configuration.ts');
  const { builtins } = await import('./builtins.ts');
  // A file that is not there: what is left are the defaults.
  const file = command === 'config default' ? '' : flags.config;
  const configuration = await loadConfiguration(file, builtins, command === 'config default' ? {} : flags);
  for (const { message, fields } of configuration.warnings) {
    if ('key' in fields) console.error(`gantry: ${message}: ${String(fields['file'])}: ${String(fields['key'])}`);
  }
  process.stdout.write(printToml(configuration.document));
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`gantry: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
