import assert from 'node:assert/strict';
import { Status } from '../../api/gen/containerd/v1/types/types.ts';
import type { DaemonCalls } from '../lab/daemon-calls.ts';

/** What an image consists of. */
export interface ImageParts {
  readonly digests: readonly string[];
  /** The names of its snapshots. */
  readonly chains: readonly string[];
}

/** Names that must be there, with what is known of each, and names that must not be there. A name of which neither is known is in neither. */
class Names<V> {
  readonly present = new Map<string, V>();
  readonly absent = new Set<string>();

  /** An acknowledged creation. */
  add(name: string, value: V): void {
    this.absent.delete(name);
    this.present.set(name, value);
  }

  /** An operation on it begins: until that is acknowledged, nothing is known. */
  forget(name: string): void {
    this.present.delete(name);
    this.absent.delete(name);
  }

  /** An acknowledged removal. */
  remove(name: string): void {
    this.present.delete(name);
    this.absent.add(name);
  }

  check(what: string, found: ReadonlySet<string>): void {
    for (const name of this.present.keys()) assert.ok(found.has(name), `${what} ${name} was acknowledged and is gone`);
    for (const name of this.absent) assert.ok(!found.has(name), `${what} ${name} was removed and is there`);
  }
}

/** What clients were told, from which follows what must be there after a restart. */
export class Ledger {
  readonly images = new Names<ImageParts>();
  readonly containers = new Names<undefined>();
  /** Those that were started and run until somebody kills them. */
  readonly running = new Names<undefined>();
  /** Those that were started and end, or were killed, with the code that must be told. */
  readonly ending = new Names<number>();
  readonly blobs = new Names<number>();
  readonly snapshots = new Names<undefined>();
  readonly leases = new Names<undefined>();
  readonly ingests = new Names<number>();

  /** @throws AssertionError naming what was lost, or what came back. */
  async check(calls: DaemonCalls): Promise<void> {
    const { options } = calls;
    const { tasks } = await calls.tasks.list({ filter: '' }, options);
    const status = new Map(tasks.map((task) => [task.id, task.status]));
    for (const id of this.running.present.keys())
      assert.equal(status.get(id), Status.RUNNING, `task ${id} was acknowledged as running`);
    this.running.check('task', new Set(status.keys()));
    for (const [id, code] of this.ending.present) {
      assert.ok(status.has(id), `task ${id} was acknowledged as started and is gone`);
      const { exitStatus } = await calls.tasks.wait({ containerId: id, execId: '' }, options);
      assert.equal(exitStatus, code, `exit code of ${id}`);
    }
    const { containers } = await calls.containers.list({ filters: [] }, options);
    this.containers.check('container', new Set(containers.map(({ id }) => id)));
    const { leases } = await calls.leases.list({ filters: [] }, options);
    this.leases.check('lease', new Set(leases.map(({ id }) => id)));
    const { statuses } = await calls.content.listStatuses({ filters: [] }, options);
    this.ingests.check('ingest', new Set(statuses.map(({ ref }) => ref)));
    await this.#checkImages(calls);
  }

  async #checkImages(calls: DaemonCalls): Promise<void> {
    const { options } = calls;
    const infos = await calls.all(calls.content.list({ filters: [] }, options));
    const blobs = new Map(infos.map(({ digest, size }) => [digest, Number(size)]));
    this.blobs.check('blob', new Set(blobs.keys()));
    for (const [digest, size] of this.blobs.present) assert.equal(blobs.get(digest), size, `size of ${digest}`);
    const listed = await calls.all(calls.snapshots.list({ snapshotter: 'overlayfs', filters: [] }, options));
    const snapshots = new Set(listed.map(({ name }) => name));
    this.snapshots.check('snapshot', snapshots);
    const { images } = await calls.images.list({ filters: [] }, options);
    this.images.check('image', new Set(images.map(({ name }) => name)));
    for (const [name, { digests, chains }] of this.images.present) {
      for (const digest of digests) assert.ok(blobs.has(digest), `${digest} of image ${name} is gone`);
      for (const chain of chains) assert.ok(snapshots.has(chain), `snapshot ${chain} of image ${name} is gone`);
    }
  }
}
