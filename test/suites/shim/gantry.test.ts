import { shims } from './shims.ts';
import { shimSuite } from './shim-suite.ts';

shimSuite(shims.gantry);
