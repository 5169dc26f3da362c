import { mkdir, readdir } from 'node:fs/promises';
import type { Database } from '../../pkg/database/database.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import { compileFilters } from '../../pkg/filters/compile-filters.ts';
import { labelField } from '../../pkg/filters/label-field.ts';
import { KeyedMutex } from '../../pkg/keyed-mutex/keyed-mutex.ts';
import { validateLabels } from '../../pkg/labels/validate-labels.ts';
import { withoutEmpty } from '../../pkg/labels/without-empty.ts';
import type { Logger } from '../../pkg/log/logger.ts';
import type { Mount } from '../../pkg/mounts/mount.ts';
import type { Scope } from '../../pkg/scope/scope.ts';
import { isSystemError } from '../../pkg/sys/system-error.ts';
import { nowNanoseconds } from '../../pkg/time/now-nanoseconds.ts';
import { activationsTable, type ActivationRecord } from '../metadata/activations-table.ts';
import { leasesTable } from '../metadata/leases-table.ts';
import { touchNamespace } from '../metadata/touch-namespace.ts';
import { formatMount } from './format-mount.ts';
import { makeDirectories } from './make-directories.ts';
import { MountDirectory } from './mount-directory.ts';
import type { ActivateOptions, Activation, ActiveMount, MountManager } from './mount-manager.ts';
import { planActivation, type ActivationPlan, type PlannedMount } from './plan-activation.ts';

/** What the manager works with. */
export interface MountParts {
  readonly database: Database;
  /** A directory for mount points. */
  readonly targets: string;
  /** Where directories may be made for mounts, beside the mount points. */
  readonly roots: readonly string[];
  readonly log: Logger;
}

/** A key of the database is bounded by what a request may hold; a name is shown in messages and listed. Characters. */
const maxName = 1024;

/** Mounts on this machine, with their records in the daemon's database. */
export class LocalMountManager implements MountManager {
  readonly #parts: MountParts;
  /** Held while a name comes or goes. */
  readonly #locks = new KeyedMutex();

  constructor(parts: MountParts) {
    this.#parts = parts;
  }

  async activate(
    scope: Scope,
    name: string,
    mounts: readonly Mount[],
    { labels = new Map(), temporary = false }: ActivateOptions = {},
  ): Promise<Activation> {
    if (name === '' || name.length > maxName)
      throw new KindError('invalid-argument', `name of an activation: 1 to ${maxName} characters`);
    validateLabels(labels);
    const plan = planActivation(mounts, temporary);
    return await this.#locks.run(keyOf(scope.namespace, name), async () => {
      scope.signal?.throwIfAborted();
      const record = await this.#begin(scope, { name, labels: withoutEmpty(labels), temporary });
      const directory = this.#directoryOf(record);
      try {
        const activation = await this.#perform(directory, plan, temporary, scope.signal);
        return await this.#complete(scope.namespace, { ...record, ...activation, complete: true });
      } catch (error) {
        await this.#takeBack(scope.namespace, record);
        throw error;
      }
    });
  }

  async deactivate({ namespace }: Scope, name: string): Promise<void> {
    await this.#locks.run(keyOf(namespace, name), async () => {
      const record = this.#get(namespace, name);
      try {
        await this.#directoryOf(record).remove(false);
      } catch (error) {
        if (!isSystemError(error, 'EBUSY')) throw error;
        throw new KindError('failed-precondition', `${describe(namespace, name)} is in use`, { cause: error });
      }
      await this.#forget(namespace, record);
    });
  }

  async info({ namespace }: Scope, name: string): Promise<Activation> {
    return this.#get(namespace, name);
  }

  async list({ namespace }: Scope, filters: readonly string[]): Promise<readonly Activation[]> {
    const filter = compileFilters(filters);
    const records = Array.from(this.#parts.database.read.list(activationsTable, namespace), ([, record]) => record);
    return records.filter(({ name, labels }) =>
      filter((path) => {
        if (path[0] === 'name') return name;
        return path[0] === 'labels' ? labelField(labels, path) : undefined;
      }),
    );
  }

  /** Whether an activation is coming or going now. */
  isChanging(namespace: string, name: string): boolean {
    return this.#locks.held(keyOf(namespace, name));
  }

  /** Takes an activation away, if it still is the one of this sequence, in use or not. Idempotent. */
  async remove(namespace: string, name: string, sequence: number): Promise<void> {
    await this.#locks.run(keyOf(namespace, name), async () => {
      const record = this.#parts.database.read.get(activationsTable, namespace, name);
      if (record?.sequence !== sequence) return;
      await this.#directoryOf(record).remove(true);
      await this.#forget(namespace, record);
    });
  }

  /** Takes back what a crash left half done, what is temporary, what a reboot unmounted, and mount points without a record. */
  async reconcile(): Promise<void> {
    const { database, targets, log } = this.#parts;
    await mkdir(targets, { recursive: true, mode: 0o700 });
    const kept = new Set<string>();
    for (const namespace of database.read.groups(activationsTable)) {
      for (const [name, record] of database.read.list(activationsTable, namespace)) {
        const { complete, temporary, active, sequence } = record;
        kept.add(String(sequence));
        if (complete && !temporary && (await this.#directoryOf(record).isWhole(active))) continue;
        log.info('removing mounts of an earlier daemon', { namespace, name });
        await this.#takeBack(namespace, record);
      }
    }
    for (const name of await readdir(targets)) {
      if (kept.has(name) || !/^\d+$/.test(name)) continue;
      await new MountDirectory(targets, Number(name)).remove(true).catch((error: unknown) => {
        log.warn('mounts without a record cannot be removed', { name, error });
      });
    }
  }

  async #begin(
    { namespace, lease }: Scope,
    given: Pick<ActivationRecord, 'name' | 'labels' | 'temporary'>,
  ): Promise<ActivationRecord> {
    return await this.#parts.database.update((tx) => {
      touchNamespace(tx, namespace);
      if (tx.get(activationsTable, namespace, given.name) !== undefined)
        throw new KindError('already-exists', describe(namespace, given.name));
      if (lease !== undefined && tx.get(leasesTable, namespace, lease) === undefined)
        throw new KindError('not-found', `lease ${JSON.stringify(lease)}`);
      const record: ActivationRecord = {
        ...given,
        ...{ lease: lease ?? '', sequence: tx.nextSequence(activationsTable.name), createdAt: nowNanoseconds() },
        ...{ complete: false, active: [], system: [] },
      };
      tx.put(activationsTable, namespace, given.name, record);
      return record;
    });
  }

  async #perform(
    directory: MountDirectory,
    { ours, system }: ActivationPlan,
    temporary: boolean,
    signal: AbortSignal | undefined,
  ): Promise<Pick<ActivationRecord, 'active' | 'system'>> {
    await directory.create();
    const active: ActiveMount[] = [];
    for (const [index, planned] of ours.entries()) {
      signal?.throwIfAborted();
      const mount = await this.#transform(planned, active);
      active.push({ mount, mountPoint: await directory.mount(mount, index), mountedAt: nowNanoseconds() });
    }
    const left = await Promise.all(system.map((planned) => this.#transform(planned, active)));
    const last = active.at(-1);
    if (temporary && last) left.push({ type: 'bind', source: last.mountPoint, target: '', options: ['rbind'] });
    return { active, system: left };
  }

  async #transform({ mount, transformations }: PlannedMount, before: readonly ActiveMount[]): Promise<Mount> {
    const { targets, roots } = this.#parts;
    let transformed = mount;
    for (const transformation of transformations) {
      if (transformation === 'format') transformed = formatMount(transformed, before);
      else transformed = await makeDirectories(transformed, [targets, ...roots]);
    }
    return transformed;
  }

  async #complete(namespace: string, record: ActivationRecord): Promise<Activation> {
    await this.#parts.database.update((tx) => tx.put(activationsTable, namespace, record.name, record));
    return record;
  }

  /** A failure leaves the record, which the next start goes by. */
  async #takeBack(namespace: string, record: ActivationRecord): Promise<void> {
    try {
      await this.#directoryOf(record).remove(true);
      await this.#forget(namespace, record);
    } catch (error) {
      this.#parts.log.error('mounts cannot be taken back', { namespace, name: record.name, error });
    }
  }

  async #forget(namespace: string, { name }: ActivationRecord): Promise<void> {
    await this.#parts.database.update((tx) => tx.delete(activationsTable, namespace, name));
  }

  #get(namespace: string, name: string): ActivationRecord {
    const record = this.#parts.database.read.get(activationsTable, namespace, name);
    if (record?.complete) return record;
    throw new KindError('not-found', describe(namespace, name));
  }

  #directoryOf({ sequence }: ActivationRecord): MountDirectory {
    return new MountDirectory(this.#parts.targets, sequence);
  }
}

function keyOf(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}

function describe(namespace: string, name: string): string {
  return `mount "${name}" in namespace "${namespace}"`;
}
