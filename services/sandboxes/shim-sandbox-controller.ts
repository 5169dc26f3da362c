import type { Metric, Platform } from '../../api/gen/containerd/types/types.ts';
import type { Timestamp } from '../../api/gen/google/protobuf/timestamp.ts';
import type { CallOptions } from '../../api/rpc/call-options.ts';
import { toTimestamp } from '../../api/time/to-timestamp.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import { kindOf } from '../../pkg/errors/kind-of.ts';
import { validateIdentifier } from '../../pkg/identifiers/validate-identifier.ts';
import { KeyedMutex } from '../../pkg/keyed-mutex/keyed-mutex.ts';
import type { Logger } from '../../pkg/log/logger.ts';
import type { Scope } from '../../pkg/scope/scope.ts';
import { nowNanoseconds } from '../../pkg/time/now-nanoseconds.ts';
import type { EventExchange } from '../events/event-exchange.ts';
import { Bundle, type BundleRoots } from '../tasks/bundle.ts';
import { Deadline } from '../tasks/deadline.ts';
import type { ShimAddress } from '../tasks/shim-address.ts';
import type { ShimManager } from '../tasks/shim-manager.ts';
import type { TaskTimeouts } from '../tasks/task-timeouts.ts';
import { untilAborted } from '../tasks/until-aborted.ts';
import { publishEnd } from './publish-end.ts';
import type {
  SandboxController,
  SandboxExit,
  SandboxSetup,
  SandboxStatus,
  StartedSandbox,
} from './sandbox-controller.ts';
import type { SandboxFields } from './sandbox-store.ts';
import { ShimSandbox } from './shim-sandbox.ts';

/** What the controller works with. */
export interface SandboxParts {
  readonly roots: BundleRoots;
  readonly shims: ShimManager;
  readonly events: EventExchange;
  readonly timeouts: TaskTimeouts;
  readonly log: Logger;
}

/** Go's time of zero, which clients take for "never". */
const never: Timestamp = { seconds: -62_135_596_800n, nanos: 0 };
const epoch: Timestamp = { seconds: 0n, nanos: 0 };

/**
 * Sandboxes in shims of their own, which serve `containerd.runtime.sandbox.v1.Sandbox` beside tasks. Bundles as those of
 * tasks, below directories of their own.
 */
export class ShimSandboxController implements SandboxController, AsyncDisposable {
  readonly #parts: SandboxParts;
  readonly #sandboxes = new Map<string, ShimSandbox>();
  /** Held while a sandbox comes or goes. */
  readonly #locks = new KeyedMutex();
  readonly #work = new Set<Promise<unknown>>();
  #closing = false;

  constructor(parts: SandboxParts) {
    this.#parts = parts;
  }

  async create(scope: Scope, sandbox: SandboxFields, setup: SandboxSetup): Promise<void> {
    validateIdentifier(scope.namespace, 'namespace');
    validateIdentifier(sandbox.id, 'sandbox id');
    scope.signal?.throwIfAborted();
    const key = keyOf(scope.namespace, sandbox.id);
    const created = this.#exclusively(key, async () => {
      scope.signal?.throwIfAborted();
      if (this.#sandboxes.has(key)) throw new KindError('already-exists', describe(scope, sandbox.id));
      await this.#create(key, scope, sandbox, setup);
    });
    // Who has gone does not wait for the remains to be removed.
    await untilAborted(created, scope.signal);
  }

  async start(scope: Scope, id: string): Promise<StartedSandbox> {
    const sandbox = this.#get(scope, id);
    try {
      const { pid, createdAt, spec } = await sandbox.client.startSandbox({ sandboxId: id }, callOf(scope));
      return { id, pid, createdAt: createdAt ?? epoch, labels: new Map(), spec };
    } catch (error) {
      const key = keyOf(scope.namespace, id);
      const removed = this.#exclusively(key, () => this.#takeBack(key, sandbox));
      await untilAborted(removed, scope.signal).catch(() => undefined);
      throw failed(`failed to start sandbox ${id}`, error);
    }
  }

  async platform(scope: Scope, id: string): Promise<Platform> {
    const { client } = this.#get(scope, id);
    try {
      const { platform } = await client.platform({ sandboxId: id }, callOf(scope));
      const { os = '', architecture = '', variant = '' } = platform ?? {};
      return { os, architecture, variant, osVersion: '', osFeatures: [] };
    } catch (error) {
      throw failed('failed to get sandbox platform', error);
    }
  }

  async stop(scope: Scope, id: string, seconds: number): Promise<void> {
    const sandbox = this.#sandboxes.get(keyOf(scope.namespace, id));
    if (!sandbox) return;
    try {
      await sandbox.client.stopSandbox({ sandboxId: id, timeoutSecs: seconds }, callOf(scope));
    } catch (error) {
      scope.signal?.throwIfAborted();
      // It is not there any more, which is what was asked for.
      if (!['not-found', 'unavailable'].includes(kindOf(error))) throw failed('failed to stop sandbox', error);
    }
  }

  async wait(scope: Scope, id: string): Promise<SandboxExit> {
    const sandbox = this.#get(scope, id);
    try {
      const { exitStatus, exitedAt } = await sandbox.wait(scope.signal);
      return { exitStatus, exitedAt: exitedAt ?? epoch };
    } catch (error) {
      throw failed(`failed to wait sandbox ${id}`, error);
    }
  }

  async status(scope: Scope, id: string, verbose: boolean): Promise<SandboxStatus> {
    const sandbox = this.#sandboxes.get(keyOf(scope.namespace, id));
    if (!sandbox) {
      const exitedAt = toTimestamp(nowNanoseconds());
      return { id, pid: 0, state: '', info: new Map(), createdAt: never, exitedAt, extra: undefined };
    }
    try {
      const status = await sandbox.client.sandboxStatus({ sandboxId: id, verbose }, callOf(scope));
      const { sandboxId, pid, state, info, createdAt, exitedAt, extra } = status;
      return { id: sandboxId, pid, state, info, createdAt: createdAt ?? epoch, exitedAt: exitedAt ?? epoch, extra };
    } catch (error) {
      throw failed(`failed to query sandbox ${id} status`, error);
    }
  }

  async shutdown(scope: Scope, id: string): Promise<void> {
    const sandbox = this.#get(scope, id);
    try {
      await sandbox.client.shutdownSandbox({ sandboxId: id }, callOf(scope));
    } catch (error) {
      // Some shims end before they answer.
      if (!sandbox.shim.client.isClosed) throw failed('failed to shutdown sandbox', error);
    }
    const key = keyOf(scope.namespace, id);
    await untilAborted(
      this.#exclusively(key, () => this.#remove(key, sandbox)),
      scope.signal,
    );
  }

  async metrics(scope: Scope, id: string): Promise<Metric | undefined> {
    const { metrics } = await this.#get(scope, id).client.sandboxMetrics({ sandboxId: id }, callOf(scope));
    return metrics;
  }

  /** The record is not the shim's business. */
  async update(): Promise<void> {}

  endpoint(namespace: string, id: string): ShimAddress | undefined {
    return this.#sandboxes.get(keyOf(namespace, id))?.shim.address;
  }

  /** Takes in a sandbox that was found after a restart. */
  adopt(sandbox: ShimSandbox): void {
    const key = keyOf(sandbox.namespace, sandbox.id);
    this.#sandboxes.set(key, sandbox);
    this.#watch(key, sandbox);
  }

  /** Holds a name, until `work` is done, for what an earlier daemon left under it. */
  clear(bundle: Bundle, work: () => Promise<void>): void {
    const { namespace, id } = bundle;
    void this.#exclusively(keyOf(namespace, id), work).catch((error: unknown) => {
      this.#parts.log.error('removing a sandbox failed', { id, namespace, error });
    });
  }

  /** Lets go of the shims, which run on, once removals that are under way are done. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true;
    for (const sandbox of this.#sandboxes.values()) sandbox.shim[Symbol.dispose]();
    await Promise.allSettled(this.#work);
  }

  async #create(key: string, scope: Scope, sandbox: SandboxFields, setup: SandboxSetup): Promise<void> {
    const { roots, shims } = this.#parts;
    const binary = shims.find(sandbox.runtime.name);
    const bundle = new Bundle(roots, scope.namespace, sandbox.id);
    await bundle.create({ spec: sandbox.spec?.value, shimBinary: binary });
    let created: ShimSandbox | undefined;
    try {
      created = new ShimSandbox(await shims.start(bundle, binary, sandbox.runtime.options, scope.signal));
      // Visible from here on: while it is being created it can be stopped.
      this.#sandboxes.set(key, created);
      const { rootfs, options, netnsPath, annotations } = setup;
      const request = {
        sandboxId: sandbox.id,
        bundlePath: bundle.path,
        rootfs: rootfs.map((mount) => ({ ...mount, options: [...mount.options] })),
        options,
        netnsPath,
        annotations: new Map(annotations),
      };
      await created.client.createSandbox(request, callOf(scope));
      this.#watch(key, created);
    } catch (error) {
      if (created) await this.#takeBack(key, created);
      else await shims.remove(bundle, { kill: 'everything' });
      throw created ? failed(`failed to create sandbox ${sandbox.id}`, error) : error;
    }
  }

  /** Ends a sandbox that did not come up: first as its shim would have it. */
  async #takeBack(key: string, sandbox: ShimSandbox): Promise<void> {
    const { log, timeouts } = this.#parts;
    const { id, namespace } = sandbox;
    using deadline = new Deadline(timeouts.cleanup, `taking back sandbox "${id}"`);
    try {
      await sandbox.client.shutdownSandbox({ sandboxId: id }, { namespace, signal: deadline.signal });
    } catch (error) {
      if (!sandbox.shim.client.isClosed) log.warn('sandbox cannot be shut down', { id, namespace, error });
    }
    await this.#remove(key, sandbox);
  }

  /** Removes what a sandbox leaves that has been shut down, or whose shim has died. */
  async #remove(key: string, sandbox: ShimSandbox): Promise<void> {
    if (this.#sandboxes.get(key) !== sandbox) return;
    const { shims, events } = this.#parts;
    const { bundle, address } = sandbox.shim;
    await this.#untilEnded(sandbox);
    const response = await shims.remove(bundle, { kill: 'shim', address });
    sandbox.shim[Symbol.dispose]();
    this.#sandboxes.delete(key);
    publishEnd(events, bundle, response);
  }

  /** A shim that was asked to end has a while to do so by itself. */
  async #untilEnded({ shim, id, namespace }: ShimSandbox): Promise<void> {
    const { log, timeouts } = this.#parts;
    using deadline = new Deadline(timeouts.shutdown, `end of the shim of sandbox "${id}"`);
    try {
      await untilAborted(shim.client.closed, deadline.signal);
    } catch (error) {
      log.warn('shim of a sandbox has not ended', { id, namespace, error });
    }
  }

  #get(scope: Scope, id: string): ShimSandbox {
    const sandbox = this.#sandboxes.get(keyOf(scope.namespace, id));
    if (!sandbox) throw new KindError('not-found', describe(scope, id));
    return sandbox;
  }

  /** A connection that ends means a shim that died, unless we have let go of it ourselves. */
  #watch(key: string, sandbox: ShimSandbox): void {
    void sandbox.shim.client.closed.then(async () => {
      if (this.#closing) return;
      await this.#exclusively(key, async () => {
        if (this.#sandboxes.get(key) !== sandbox) return;
        const { id, namespace } = sandbox;
        this.#parts.log.warn('cleaning up after shim of a sandbox disconnected', { id, namespace });
        await this.#remove(key, sandbox);
      });
    });
  }

  /** The work goes on, and is waited for at the end, though the caller may have left. */
  #exclusively<T>(key: string, work: () => Promise<T>): Promise<T> {
    const running = this.#locks.run(key, work);
    this.#work.add(running);
    const forget = (): boolean => this.#work.delete(running);
    running.then(forget, forget);
    return running;
  }
}

function callOf({ namespace, signal }: Scope): CallOptions {
  return { namespace, signal };
}

/** The error of a shim, with what was asked of it in front. */
function failed(what: string, error: unknown): unknown {
  if (!(error instanceof KindError)) return error;
  return new KindError(error.kind, `${what}: ${error.detail}`, { cause: error });
}

function keyOf(namespace: string, id: string): string {
  return `${namespace}/${id}`;
}

function describe({ namespace }: Scope, id: string): string {
  return `sandbox "${id}" in namespace "${namespace}"`;
}
