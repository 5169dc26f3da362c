import { describe } from 'node:test';
import { checkpointsArea } from './checkpoints-area.ts';
import { commandsArea } from './commands-area.ts';
import { eventsArea } from './events-area.ts';
import { execsArea } from './execs-area.ts';
import { groupsArea } from './groups-area.ts';
import { leaksArea } from './leaks-area.ts';
import { lifecycleArea } from './lifecycle-area.ts';
import { logArea } from './log-area.ts';
import { ociRuntime } from './oci-runtime.ts';
import { oomArea } from './oom-area.ts';
import { protocolArea } from './protocol-area.ts';
import { type ShimUnderTest } from './shim-under-test.ts';
import { signalsArea } from './signals-area.ts';
import { stdioArea } from './stdio-area.ts';
import { terminalsArea } from './terminals-area.ts';

const areas = [
  commandsArea,
  lifecycleArea,
  signalsArea,
  execsArea,
  stdioArea,
  logArea,
  terminalsArea,
  groupsArea,
  eventsArea,
  oomArea,
  protocolArea,
  ...(ociRuntime.checkpoints ? [checkpointsArea] : []),
  leaksArea,
];

/** Judges a shim by all that a daemon counts on. The binary is driven directly: there is no daemon. Root is needed. */
export function shimSuite(shim: ShimUnderTest): void {
  describe(`the shim ${shim.name}`, () => {
    for (const area of areas) area(shim);
  });
}
