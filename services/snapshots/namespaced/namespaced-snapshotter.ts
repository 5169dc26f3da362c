import { SnapshotCommit, SnapshotPrepare, SnapshotRemove } from '../../../api/gen/containerd/events/events.ts';
import type { Database } from '../../../pkg/database/database.ts';
import { SequencePool } from '../../../pkg/database/sequence-pool.ts';
import { KindError } from '../../../pkg/errors/kind-error.ts';
import { kindOf } from '../../../pkg/errors/kind-of.ts';
import { compileFilters } from '../../../pkg/filters/compile-filters.ts';
import { KeyedMutex } from '../../../pkg/keyed-mutex/keyed-mutex.ts';
import { applyLabelMask } from '../../../pkg/labels/apply-label-mask.ts';
import { noLabels } from '../../../pkg/labels/labels.ts';
import { validateLabels } from '../../../pkg/labels/validate-labels.ts';
import { withoutEmpty } from '../../../pkg/labels/without-empty.ts';
import type { Mount } from '../../../pkg/mounts/mount.ts';
import { Pins } from '../../../pkg/pins/pins.ts';
import type { Scope } from '../../../pkg/scope/scope.ts';
import { nowNanoseconds } from '../../../pkg/time/now-nanoseconds.ts';
import { snapshotFieldAdaptor } from '../../../snapshotters/snapshot-field-adaptor.ts';
import type {
  CommitOptions,
  SnapshotInfo,
  SnapshotOptions,
  Snapshotter,
  SnapshotUsage,
} from '../../../snapshotters/snapshotter.ts';
import type { EventExchange } from '../../events/event-exchange.ts';
import type { SnapshotRecord } from '../../metadata/snapshots-table.ts';
import { inheritedLabels, snapshotRefLabel } from './inherited-labels.ts';
import { removeUnrecorded } from './remove-unrecorded.ts';
import { SnapshotRecords } from './snapshot-records.ts';

/** What the wrapper works with. */
export interface NamespacedSnapshotterParts {
  /** The snapshotter's name. */
  readonly name: string;
  readonly backend: Snapshotter;
  readonly database: Database;
  readonly events: Pick<EventExchange, 'publish'>;
}

const maxKeyLength = 4096;

/**
 * Keeps namespaces apart over a snapshotter that knows none: whose a snapshot is, its labels, its leases.
 *
 * The backend's keys are `<namespace>/<number>/<key>`. A removal takes the record away; the backend's snapshot goes in
 * `cleanup`, and so does whatever else no record names.
 */
export class NamespacedSnapshotter implements Snapshotter {
  readonly #parts: NamespacedSnapshotterParts;
  readonly #records: SnapshotRecords;
  readonly #numbers: SequencePool;
  /** Held for keys and names of a namespace while they change. */
  readonly #keys = new KeyedMutex();
  /** Held for a backend's key while it is removed. */
  readonly #removals = new KeyedMutex();
  readonly #pins = new Pins();
  /** Keys of the backend that were given to a record though the backend had them before. */
  readonly #adopted = new Set<string>();

  constructor(parts: NamespacedSnapshotterParts) {
    this.#parts = parts;
    this.#records = new SnapshotRecords(parts.database, parts.name);
    this.#numbers = new SequencePool(parts.database, `snapshots/${parts.name}`);
  }

  async stat(scope: Scope, key: string): Promise<SnapshotInfo> {
    return await this.#info(scope, this.#records.get(scope, key));
  }

  async update(
    scope: Scope,
    info: Pick<SnapshotInfo, 'name' | 'labels'>,
    paths: readonly string[],
  ): Promise<SnapshotInfo> {
    using _lock = await this.#keys.lock(lockKey(scope, info.name));
    const before = inheritedLabels(this.#records.get(scope, info.name).labels);
    const record = await this.#records.change(scope, info.name, (current) => {
      const labels = applyLabelMask(current.labels, info.labels, paths);
      validateLabels(labels);
      return { ...current, labels, updatedAt: nowNanoseconds() };
    });
    const after = inheritedLabels(record.labels);
    const same = before.size === after.size && [...after].every(([key, value]) => before.get(key) === value);
    if (!same) await this.#parts.backend.update(scope, { name: record.backendKey, labels: after }, ['labels']);
    return await this.#info(scope, record);
  }

  async usage(scope: Scope, key: string): Promise<SnapshotUsage> {
    return await this.#parts.backend.usage(scope, this.#records.get(scope, key).backendKey);
  }

  async mounts(scope: Scope, key: string): Promise<readonly Mount[]> {
    const { kind, backendKey } = this.#records.get(scope, key);
    if (kind === 'committed') {
      throw new KindError('failed-precondition', `snapshot "${key}" is committed and has no mounts`);
    }
    return await this.#parts.backend.mounts(scope, backendKey);
  }

  async prepare(scope: Scope, key: string, parent: string, options?: SnapshotOptions): Promise<readonly Mount[]> {
    const mounts = await this.#create('active', scope, key, parent, options);
    const value = SnapshotPrepare.encode({ key, parent, snapshotter: this.#parts.name }).finish();
    this.#publish(scope, '/snapshot/prepare', 'containerd.events.SnapshotPrepare', value);
    return mounts;
  }

  async view(scope: Scope, key: string, parent: string, options?: SnapshotOptions): Promise<readonly Mount[]> {
    return await this.#create('view', scope, key, parent, options);
  }

  async commit(scope: Scope, name: string, key: string, options: CommitOptions = {}): Promise<void> {
    checkKey(name);
    const labels = withoutEmpty(options.labels ?? noLabels);
    validateLabels(labels);
    const [first, second] = [lockKey(scope, name), lockKey(scope, key)].sort() as [string, string];
    using _first = await this.#keys.lock(first);
    // A snapshot cannot be committed under its own key: the name is taken.
    using _second = first === second ? undefined : await this.#keys.lock(second);
    const { parent = '' } = options;
    this.#records.checkCommit(scope, key, { name, parent });
    const backendKey = await this.#backendKey(scope, name);
    using _pin = this.#pins.pin(backendKey);
    await this.#records.beginCommit(scope, key, { name, backendKey, labels, parent });
    await this.#commitBackend(scope, key, options);
    await this.#records.finishCommit(scope, key);
    const value = SnapshotCommit.encode({ key, name, snapshotter: this.#parts.name }).finish();
    this.#publish(scope, '/snapshot/commit', 'containerd.events.SnapshotCommit', value);
  }

  async remove(scope: Scope, key: string): Promise<void> {
    using _lock = await this.#keys.lock(lockKey(scope, key));
    await this.#records.remove(scope, key);
    const value = SnapshotRemove.encode({ key, snapshotter: this.#parts.name }).finish();
    this.#publish(scope, '/snapshot/remove', 'containerd.events.SnapshotRemove', value);
  }

  async *list(scope: Scope, filters: readonly string[]): AsyncGenerator<SnapshotInfo> {
    const admits = compileFilters(filters);
    for (const { name } of this.#records.list(scope)) {
      // It may have gone since the list was made.
      const record = this.#records.find(scope, name);
      const info = record && (await this.#info(scope, record).catch(unlessNotFound));
      if (info && admits(snapshotFieldAdaptor(info))) yield info;
    }
  }

  async cleanup(scope: Scope): Promise<void> {
    if (this.#parts.backend.remote) await this.settleCommits();
    await this.removeUnrecorded(scope);
    await this.#parts.backend.cleanup?.(scope);
  }

  /** Removes from the backend what no record names; its directories stay until the backend's own cleanup. */
  async removeUnrecorded(scope: Scope): Promise<void> {
    await removeUnrecorded({
      ...{ scope, backend: this.#parts.backend, pins: this.#pins, removals: this.#removals },
      recorded: () => this.#recordedKeys(),
      adopted: this.#adopted,
    });
  }

  /** Finishes commits that a crash interrupted after the backend's part, and forgets the others. Safe beside every other call. */
  async settleCommits(): Promise<void> {
    for (const { namespace, record } of [...this.#records.all()]) {
      if (!record.committing) continue;
      const scope = { namespace };
      using _lock = await this.#keys.lock(lockKey(scope, record.name));
      // A commit that was on its way when the list was made has ended by now.
      const found = this.#records.find(scope, record.name)?.committing;
      if (found?.backendKey !== record.committing.backendKey) continue;
      const done = await this.#parts.backend.stat(scope, record.committing.backendKey).catch(unlessNotFound);
      if (done) await this.#records.finishCommit(scope, record.name);
      else await this.#records.dropCommit(scope, record.name);
    }
  }

  /** The backend belongs to its own plugin. */
  async [Symbol.asyncDispose](): Promise<void> {}

  async #info(scope: Scope, record: SnapshotRecord): Promise<SnapshotInfo> {
    const { kind, name, parent, createdAt, updatedAt } = record;
    const { labels } = await this.#parts.backend.stat(scope, record.backendKey);
    // The backend may show labels of its own.
    const shown = labels.size === 0 ? record.labels : new Map([...labels, ...record.labels]);
    return { kind, name, parent, labels: shown, createdAt, updatedAt };
  }

  async #create(
    kind: 'view' | 'active',
    scope: Scope,
    key: string,
    parent: string,
    options: SnapshotOptions = {},
  ): Promise<readonly Mount[]> {
    checkKey(key);
    const labels = withoutEmpty(options.labels ?? noLabels);
    validateLabels(labels);
    using _lock = await this.#keys.lock(lockKey(scope, key));
    const target = labels.get(snapshotRefLabel);
    if (target !== undefined && this.#records.find(scope, target)) {
      await this.#records.lease(scope, target);
      throw targetExists(target);
    }
    this.#records.checkFree(scope, key);
    const backendParent = this.#records.parentKey(scope, parent);
    const backendKey = await this.#backendKey(scope, key);
    const backendOptions = { labels: inheritedLabels(labels) };
    using _pin = this.#pins.pin(backendKey);
    let mounts: readonly Mount[];
    try {
      const { backend } = this.#parts;
      const create = kind === 'active' ? backend.prepare.bind(backend) : backend.view.bind(backend);
      mounts = await create(scope, backendKey, backendParent, backendOptions);
    } catch (error) {
      if (target !== undefined && kindOf(error) === 'already-exists') {
        await this.#adoptTarget(scope, target, { parent, backendParent, labels });
        throw targetExists(target);
      }
      throw error;
    }
    const now = nowNanoseconds();
    const record = { name: key, backendKey, parent, kind, createdAt: now, updatedAt: now, labels };
    try {
      await this.#records.create(scope, record);
    } catch (error) {
      // What stays after a failure goes with the next cleanup.
      await this.#parts.backend.remove(scope, backendKey).catch(() => undefined);
      throw error;
    }
    return mounts;
  }

  /** Records the committed snapshot that a remote snapshotter made instead of the one that it was asked for. */
  async #adoptTarget(
    scope: Scope,
    target: string,
    from: { parent: string; backendParent: string; labels: ReadonlyMap<string, string> },
  ): Promise<void> {
    const { backend } = this.#parts;
    for await (const found of backend.list(scope, [
      `kind==committed,labels."${snapshotRefLabel}"==${JSON.stringify(target)}`,
    ])) {
      if (found.parent !== from.backendParent) continue;
      this.#adopted.add(found.name);
      using _pin = this.#pins.pin(found.name);
      const there = await this.#removals.run(found.name, () => backend.stat(scope, found.name).catch(unlessNotFound));
      if (!there) continue;
      const { createdAt, updatedAt } = there;
      const { parent, labels } = from;
      await this.#records
        .create(scope, {
          name: target,
          backendKey: found.name,
          parent,
          kind: 'committed',
          createdAt,
          updatedAt,
          labels,
        })
        .catch(async (error: unknown) => {
          if (kindOf(error) !== 'already-exists') throw error;
          await this.#records.lease(scope, target);
        });
      return;
    }
    throw new KindError(
      'not-found',
      `snapshotter ${this.#parts.name} has no committed snapshot for target "${target}"`,
    );
  }

  /** The middle of a commit; when it did not happen, the intent is taken back. */
  async #commitBackend(scope: Scope, key: string, options: CommitOptions): Promise<void> {
    const record = this.#records.get(scope, key);
    const intent = record.committing;
    if (!intent) throw new KindError('aborted', `commit of snapshot "${key}" was given up`);
    const parent = this.#records.parentKey(scope, options.parent ?? '');
    try {
      const labels = inheritedLabels(intent.labels);
      await this.#parts.backend.commit(scope, intent.backendKey, record.backendKey, {
        labels,
        ...(parent && { parent }),
      });
    } catch (error) {
      const done = await this.#parts.backend.stat(scope, intent.backendKey).catch(() => undefined);
      if (done) return;
      await this.#records.dropCommit(scope, key);
      throw error;
    }
  }

  *#recordedKeys(): IterableIterator<string> {
    for (const { record } of this.#records.all()) {
      yield record.backendKey;
      if (record.committing) yield record.committing.backendKey;
    }
  }

  async #backendKey(scope: Scope, key: string): Promise<string> {
    return `${scope.namespace}/${await this.#numbers.next()}/${key}`;
  }

  #publish(scope: Scope, topic: string, typeUrl: string, value: Uint8Array): void {
    this.#parts.events.publish(scope.namespace, topic, { typeUrl, value });
  }
}

function lockKey(scope: Scope, key: string): string {
  return `${scope.namespace}/${key}`;
}

function checkKey(key: string): void {
  if (key !== '' && Buffer.byteLength(key) <= maxKeyLength) return;
  throw new KindError('invalid-argument', `snapshot key must have 1 to ${maxKeyLength} bytes`);
}

function targetExists(target: string): KindError {
  return new KindError('already-exists', `target snapshot "${target}"`);
}

function unlessNotFound(error: unknown): undefined {
  if (kindOf(error) !== 'not-found') throw error;
}
