import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeFifo } from '../../../../pkg/sys/make-fifo.ts';
import { spawnProcess } from '../../../../pkg/sys/spawn-process.ts';
import { openProcess } from '../../../../services/tasks/open-process.ts';
import { parseSuccessorRecord } from '../../../../services/tasks/successor-record.ts';
import { TaskProcesses } from '../../../../services/tasks/task-processes.ts';
import { FifoReader } from '../../../lab/fifo-ends.ts';
import { TemporaryDirectory } from '../../../lab/temporary-directory.ts';

const startOf = (pid: number): number => Number(readFileSync(`/proc/${String(pid)}/stat`, 'utf8').split(' ')[21]);

test('a process is known by its number and its beginning', async () => {
  const child = spawnProcess({ file: '/bin/sleep', args: ['1000'], env: {} });
  const start = startOf(child.pid);
  using handle = openProcess(child.pid, start);
  assert.equal(handle?.pid, child.pid);
  assert.equal(openProcess(child.pid, start + 1), undefined);
  child.kill(9);
  await child.exited;
  assert.equal(openProcess(child.pid, start), undefined);
});

test('what a process was held for is there when it has ended, until it is let go of', async () => {
  using processes = new TaskProcesses();
  const child = spawnProcess({ file: '/bin/sleep', args: ['1000'], env: {} });
  processes.hold('', child.pid);
  child.kill(9);
  await child.exited;
  assert.equal(processes.handle('')?.exitStatus, 137);
  // Gone before anybody could hold it.
  processes.hold('late', child.pid);
  assert.equal(processes.handle('late'), undefined);
  processes.release('');
  assert.equal(processes.handle(''), undefined);
});

test('who reads a FIFO that is held does not see its end before it is let go of', async () => {
  using directory = new TemporaryDirectory();
  using processes = new TaskProcesses();
  const [fifo, file] = ['fifo', 'file'].map((name) => join(directory.path, name));
  assert.ok(fifo !== undefined && file !== undefined);
  makeFifo(fifo, 0o600);
  writeFileSync(file, '');
  using reader = new FifoReader(fifo);
  await processes.holdOutputs('', [fifo, `fifo://${fifo}`, file, 'file:///nowhere', '/nowhere', '']);
  // That it is held shows when another writer leaves.
  writeFileSync(fifo, 'one');
  await reader.match(/one/);
  writeFileSync(fifo, ' two');
  await reader.match(/two/);
  processes.releaseOutputs('');
  assert.equal((await reader.all).toString(), 'one two');
});

test('a record is read as it was written, and nothing else is', () => {
  const shim = { pid: 7, start: 70 };
  const handles = { stdout: '/fifo', stderr: '', terminal: true };
  const record = { version: 1, shim, rootfs: [], processes: [{ exec: '', pid: 8, start: 80, handles, master: 9 }] };
  assert.deepEqual(parseSuccessorRecord(JSON.stringify(record)), {
    shim,
    processes: [{ execId: '', pid: 8, start: 80, master: 9, outputs: ['/fifo', ''] }],
  });
  const spoilt = [
    { ...record, version: 2 },
    { ...record, shim: { pid: 0, start: 1 } },
    { ...record, processes: [{ exec: 7, pid: 8, start: 80 }] },
    { ...record, processes: [{ exec: '', pid: -8, start: 80 }] },
    { ...record, processes: {} },
    [],
  ];
  for (const value of spoilt) assert.equal(parseSuccessorRecord(JSON.stringify(value)), undefined);
  assert.equal(parseSuccessorRecord('{'), undefined);
});
