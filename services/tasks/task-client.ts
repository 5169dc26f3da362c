import { TaskDefinition as TaskV2 } from '../../api/gen/containerd/task/v2/task.ts';
import { TaskDefinition as TaskV3 } from '../../api/gen/containerd/task/v3/task.ts';
import type { CallOptions } from '../../api/rpc/call-options.ts';
import { rpcClient } from '../../api/rpc/rpc-client.ts';
import type { RpcTransport } from '../../api/rpc/rpc-transport.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import type { ShimChannel } from './shim-channel.ts';
import type { TaskTimeouts } from './task-timeouts.ts';

type Methods = (typeof TaskV3)['methods'];

/** The methods of the task API by the names of the generated definition. */
export type TaskMethod = keyof Methods;
/** What a method takes. */
export type TaskRequest<M extends TaskMethod> = Parameters<Methods[M]['requestType']['encode']>[0];
/** What a method answers. */
export type TaskResponse<M extends TaskMethod> = ReturnType<Methods[M]['responseType']['decode']>;

type Callers = {
  readonly [M in TaskMethod]: (request: TaskRequest<M>, options?: CallOptions) => Promise<TaskResponse<M>>;
};

/** How long a shim may take for which method. A process ends when it does: `wait` has no limit. */
const limits: Readonly<Record<TaskMethod, keyof TaskTimeouts | undefined>> = {
  create: 'create',
  start: 'create',
  exec: 'create',
  checkpoint: 'create',
  wait: undefined,
  connect: 'load',
  state: 'state',
  stats: 'stats',
  shutdown: 'shutdown',
  delete: 'call',
  kill: 'call',
  pause: 'call',
  resume: 'call',
  pids: 'call',
  update: 'call',
  resizePty: 'call',
  closeIO: 'call',
};

/** Whom a client speaks to, and how. */
export interface TaskClientOptions {
  readonly namespace: string;
  /** The task, for errors. */
  readonly id: string;
  /** Of the task API, as the shim has told it: 2 or 3. */
  readonly version: number;
  readonly timeouts: TaskTimeouts;
}

/**
 * The task API of one shim, version 2 or 3: the messages are the same, the service's name is not. A shim that says
 * version 3 and does not know it is spoken to in version 2 from then on.
 *
 * Every call but `wait` ends in the time that its method has; the shim is told of it.
 */
export class TaskClient {
  readonly #channel: ShimChannel;
  readonly #options: TaskClientOptions;
  readonly #v2: Callers;
  readonly #v3: Callers;
  #version: number;

  constructor(channel: ShimChannel, options: TaskClientOptions) {
    this.#channel = channel;
    this.#options = options;
    this.#version = options.version;
    this.#v2 = rpcClient(channel.transport, TaskV2);
    this.#v3 = rpcClient(channel.transport, TaskV3);
  }

  /** Settles when the connection has ended, by whomever. */
  get closed(): Promise<void> {
    return this.#channel.closed;
  }

  get isClosed(): boolean {
    return this.#channel.isClosed;
  }

  /**
   * @throws KindError with the shim's code and text, `deadline-exceeded` when it does not answer in time, `unavailable` when the
   * connection ends, the signal's reason.
   */
  async call<M extends TaskMethod>(method: M, request: TaskRequest<M>, signal?: AbortSignal): Promise<TaskResponse<M>> {
    const { namespace, timeouts } = this.#options;
    const limit = limits[method];
    const timeout = limit === undefined || timeouts[limit] === 0 ? undefined : timeouts[limit];
    try {
      return await this.#call(method, request, { namespace, signal, timeout });
    } catch (error) {
      throw this.#named(error, method, timeout, signal);
    }
  }

  /** The connection, for what else the shim serves. */
  get transport(): RpcTransport {
    return this.#channel.transport;
  }

  /** Ends the connection; idempotent. */
  close(): void {
    this.#channel.close();
  }

  async #call<M extends TaskMethod>(
    method: M,
    request: TaskRequest<M>,
    options: CallOptions,
  ): Promise<TaskResponse<M>> {
    if (this.#version < 3) return this.#v2[method](request, options);
    try {
      return await this.#v3[method](request, options);
    } catch (error) {
      if (!isKind(error, 'unimplemented')) throw error;
      const response = await this.#olderVersion(method, request, options, error);
      this.#version = 2;
      return response;
    }
  }

  /** A method that neither version knows is missing in both: then the first answer is the one to tell. */
  async #olderVersion<M extends TaskMethod>(
    method: M,
    request: TaskRequest<M>,
    options: CallOptions,
    first: KindError,
  ): Promise<TaskResponse<M>> {
    try {
      return await this.#v2[method](request, options);
    } catch (error) {
      throw isKind(error, 'unimplemented') ? first : error;
    }
  }

  /** Which task and what was asked, for failures that are not the shim's own words. */
  #named(error: unknown, method: TaskMethod, timeout: number | undefined, signal: AbortSignal | undefined): unknown {
    if (signal?.aborted || !(error instanceof KindError)) return error;
    const { id, namespace } = this.#options;
    const name = `task "${id}" in namespace "${namespace}"`;
    if (error.kind === 'deadline-exceeded' && timeout !== undefined) {
      const late = `${name}: its shim has not answered ${method} within ${timeout / 1000} s`;
      return new KindError('deadline-exceeded', late, { cause: error });
    }
    const spoilt = error.kind === 'unavailable' || error.kind === 'internal' || error.kind === 'resource-exhausted';
    return spoilt
      ? new KindError(error.kind, `${name}: its shim at ${method}: ${error.detail}`, { cause: error })
      : error;
  }
}

function isKind(error: unknown, kind: KindError['kind']): error is KindError {
  return error instanceof KindError && error.kind === kind;
}
