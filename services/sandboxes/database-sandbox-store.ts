import type { Database } from '../../pkg/database/database.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import { compileFilters } from '../../pkg/filters/compile-filters.ts';
import { validateIdentifier } from '../../pkg/identifiers/validate-identifier.ts';
import { validateLabels } from '../../pkg/labels/validate-labels.ts';
import { withoutEmpty } from '../../pkg/labels/without-empty.ts';
import type { Scope } from '../../pkg/scope/scope.ts';
import { nowNanoseconds } from '../../pkg/time/now-nanoseconds.ts';
import { sandboxesTable } from '../metadata/sandboxes-table.ts';
import { touchNamespace } from '../metadata/touch-namespace.ts';
import { sandboxFields } from './sandbox-fields.ts';
import type { Sandbox, SandboxFields, SandboxStore } from './sandbox-store.ts';
import { updateSandbox } from './update-sandbox.ts';

/** The sandboxes in the daemon's database. */
export class DatabaseSandboxStore implements SandboxStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async get({ namespace }: Scope, id: string): Promise<Sandbox> {
    const sandbox = this.#database.read.get(sandboxesTable, namespace, id);
    if (sandbox === undefined) throw notFound(namespace, id);
    return sandbox;
  }

  async list({ namespace }: Scope, filters: readonly string[]): Promise<readonly Sandbox[]> {
    const filter = compileFilters(filters);
    const sandboxes = Array.from(this.#database.read.list(sandboxesTable, namespace), ([, sandbox]) => sandbox);
    return sandboxes.filter((sandbox) => filter(sandboxFields(sandbox)));
  }

  async create({ namespace }: Scope, given: SandboxFields): Promise<Sandbox> {
    validate(given);
    const { id } = given;
    return await this.#database.update((tx) => {
      touchNamespace(tx, namespace);
      if (tx.get(sandboxesTable, namespace, id) !== undefined) throw new KindError('already-exists', `sandbox "${id}"`);
      const now = nowNanoseconds();
      const created: Sandbox = { ...given, labels: withoutEmpty(given.labels), createdAt: now, updatedAt: now };
      tx.put(sandboxesTable, namespace, id, created);
      return created;
    });
  }

  async update({ namespace }: Scope, given: SandboxFields, paths: readonly string[]): Promise<Sandbox> {
    const { id } = given;
    return await this.#database.update((tx) => {
      const current = tx.get(sandboxesTable, namespace, id);
      if (current === undefined) throw notFound(namespace, id);
      const fields = updateSandbox(current, given, paths);
      validate(fields);
      const updated: Sandbox = { ...fields, createdAt: current.createdAt, updatedAt: nowNanoseconds() };
      tx.put(sandboxesTable, namespace, id, updated);
      return updated;
    });
  }

  async delete({ namespace }: Scope, id: string): Promise<void> {
    await this.#database.update((tx) => {
      if (tx.get(sandboxesTable, namespace, id) === undefined) throw notFound(namespace, id);
      tx.delete(sandboxesTable, namespace, id);
    });
  }
}

function validate({ id, labels }: SandboxFields): void {
  validateIdentifier(id, 'invalid sandbox ID: identifier');
  validateLabels(labels);
}

function notFound(namespace: string, id: string): KindError {
  return new KindError('not-found', `sandbox "${id}" in namespace "${namespace}"`);
}
