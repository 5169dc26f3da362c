import { join } from 'node:path';
import { after, before } from 'node:test';
import { buildShim } from '../../../../scripts/build-shim.ts';
import { TemporaryDirectory } from '../../../lab/temporary-directory.ts';
import { oomCases } from '../../../suites/shim-cgroups/oom-cases.ts';

const temporary = new TemporaryDirectory();
const program = join(temporary.path, 'cgroup-program');
before(() => buildShim({ entry: join(import.meta.dirname, 'cgroup-program.ts'), output: program }));
after(() => temporary[Symbol.dispose]());

oomCases(program);
