import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a shim does when it is asked for the method that it does wrong; `stays` is to answer that it ends, and not to. */
export type ShimFault = 'hangs' | 'dies' | 'hangs-up' | 'garbage' | 'no-message' | 'wrong-type' | 'huge' | 'stays';

/**
 * Writes an executable shim whose task is make-believe, and that does everything right but one method of the task API
 * (`Kill`, …; empty for none); its sockets are in `directory`. @returns its path.
 */
export function faultyTaskShim(directory: string, method: string, fault: ShimFault): string {
  const path = join(directory, `shim-${method}-${fault}`);
  const program = join(import.meta.dirname, 'faulty-task-shim.ts');
  // A pipe tells when the socket is there. What `delete` prints is a DeleteResponse: pid 42, exit status 137.
  writeFileSync(
    path,
    `#!/bin/sh
for last; do :; done
if [ "$last" = delete ]; then printf '\\010\\052\\020\\211\\001'; exit; fi
mkfifo ready
'${process.execPath}' '${program}' '${directory}' '${method}' ${fault} "$@" </dev/null >/dev/null 2>&1 &
read -r address <ready
printf '{"version":3,"address":"%s","protocol":"ttrpc"}' "$address"
`,
  );
  chmodSync(path, 0o755);
  return path;
}
