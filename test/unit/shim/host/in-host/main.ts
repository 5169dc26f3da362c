import { host } from '../../../../../shim/host/host.ts';
import { type Check, runChecks } from './checks.ts';
import { childChecks } from './child-checks.ts';
import { fileChecks } from './file-checks.ts';
import { globalChecks } from './global-checks.ts';
import { loopChecks } from './loop-checks.ts';
import { mountChecks } from './mount-checks.ts';
import { misfortunes } from './misfortunes.ts';
import { socketChecks } from './socket-checks.ts';
import { streamChecks } from './stream-checks.ts';
import { textChecks } from './text-checks.ts';

const groups: Readonly<Record<string, readonly Check[]>> = {
  children: childChecks,
  files: fileChecks,
  globals: globalChecks,
  loop: loopChecks,
  mounts: mountChecks,
  sockets: socketChecks,
  streams: streamChecks,
  text: textChecks,
};

// argv: the program, a group or what is to go wrong, a directory, and whatever that needs.
const [, name = '', directory = ''] = host.argv;
const checks = groups[name];
if (checks === undefined) {
  misfortunes[name]?.();
} else {
  await runChecks(checks, directory);
  // Whoever listens to signals is never through; the others end when there is nothing to wait for, which finds what they left behind.
  if (name === 'children') host.exit(71);
}
