import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../../../../pkg/database/open-database.ts';
import { NativeLayout } from '../../../../snapshotters/native/native-layout.ts';
import { backendSnapshotsTable } from '../../../../snapshotters/storage/backend-snapshots-table.ts';
import { DirectorySnapshotter } from '../../../../snapshotters/storage/directory-snapshotter.ts';
import { quietLogger } from '../../../suites/quiet-logger.ts';
import { snapshotterSuite } from '../../../suites/snapshotter-suite.ts';

snapshotterSuite(
  'native',
  { rebase: false, namespaces: false, ownUsage: false, cleanup: true, typedErrors: true },
  async () => {
    const root = await mkdtemp(join(tmpdir(), 'gantry-native-'));
    const database = await openDatabase(join(root, 'db'), { tables: [backendSnapshotsTable], version: 1 });
    const layout = new NativeLayout();
    const snapshotter = await DirectorySnapshotter.open({
      root,
      database,
      layout,
      syncRemove: false,
      log: quietLogger,
    });
    return {
      ...{ snapshotter, scope: { namespace: 'default' } },
      async [Symbol.asyncDispose]() {
        await snapshotter[Symbol.asyncDispose]();
        await database[Symbol.asyncDispose]();
        await rm(root, { recursive: true });
      },
    };
  },
);
