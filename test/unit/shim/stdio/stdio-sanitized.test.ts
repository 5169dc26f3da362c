// The same with AddressSanitizer and UBSan in the host, which ends with an error when they found something.
import { criLogSuite } from './cri-log-suite.ts';
import { fifoSuite } from './fifo-suite.ts';
import { fileSuite } from './file-suite.ts';
import { loggerSuite } from './logger-suite.ts';
import { suiteContext } from './suite-context.ts';
import { terminalSuite } from './terminal-suite.ts';

const context = suiteContext({ sanitize: true, largeSize: 10_000_000 });
fifoSuite(context);
fileSuite(context);
loggerSuite(context);
criLogSuite(context);
terminalSuite(context);
