import { parseCommandLine, type CommandLine } from './command/command-line.ts';
import { deleteContainer } from './command/delete.ts';
import { info } from './command/info.ts';
import { runtimeName } from './command/runtime-name.ts';
import { serveSocket } from './command/serve-socket.ts';
import { start } from './command/start.ts';
import { shimVersion } from './command/version.ts';
import { writeOutput } from './command/write-output.ts';
import { host } from './host/host.ts';
import { takeOver } from './takeover/take-over.ts';

/** As Go's programs end when their command line is wrong. */
const usageStatus = 2;

async function run(line: CommandLine): Promise<void> {
  if (line.version) return printVersion();
  if (line.info) return await info();
  if (line.namespace === '') throw new Error('shim namespace cannot be empty');
  if (line.action === 'start') return await start(line);
  if (line.action === 'delete') return await deleteContainer(line);
  if (line.action === 'takeover') return await takeOver(line);
  serveSocket(line);
}

function printVersion(): void {
  const { version, revision } = shimVersion();
  const name = (host.argv[0] ?? '').split('/').at(-1) ?? '';
  writeOutput(host.encodeUtf8(`${name}:\n  Version:  ${version}\n  Revision: ${revision}\n\n`));
  host.exit(0);
}

function fail(error: unknown, status: number): void {
  host.log(`${runtimeName}: ${error instanceof Error ? error.message : String(error)}`);
  host.exit(status);
}

function main(): void {
  let line: CommandLine;
  try {
    line = parseCommandLine(host.argv.slice(1));
  } catch (error) {
    fail(error, usageStatus);
    return;
  }
  run(line).catch((error: unknown) => fail(error, 1));
}

main();
