import { criLogSuite } from './cri-log-suite.ts';
import { fifoSuite } from './fifo-suite.ts';
import { fileSuite } from './file-suite.ts';
import { loggerSuite } from './logger-suite.ts';
import { suiteContext } from './suite-context.ts';
import { terminalSuite } from './terminal-suite.ts';

const context = suiteContext({ sanitize: false, largeSize: 100_000_000 });
fifoSuite(context);
fileSuite(context);
loggerSuite(context);
criLogSuite(context);
terminalSuite(context);
