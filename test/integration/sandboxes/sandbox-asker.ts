import { connect } from 'node:net';
import { join } from 'node:path';
import { jsonTypes } from '../../../api/any/json-types.ts';
import { ContainersDefinition } from '../../../api/gen/containerd/services/containers/v1/containers.ts';
import { EventsDefinition } from '../../../api/gen/containerd/services/events/v1/events.ts';
import {
  ControllerCreateRequest,
  ControllerDefinition,
  StoreDefinition,
} from '../../../api/gen/containerd/services/sandbox/v1/sandbox.ts';
import { CreateTaskRequest, TasksDefinition } from '../../../api/gen/containerd/services/tasks/v1/tasks.ts';
import type { Envelope, Sandbox } from '../../../api/gen/containerd/types/types.ts';
import { GrpcClient } from '../../../api/grpc/grpc-client.ts';
import { rpcClient } from '../../../api/rpc/rpc-client.ts';
import { kindOf } from '../../../pkg/errors/kind-of.ts';
import type { DaemonUnderTest } from '../../lab/daemon-under-test.ts';
import { SandboxShimScript } from '../../lab/sandbox-shim-script.ts';

/** Asks one daemon about sandboxes, and writes down what it answers: what differs from run to run is left out. */
export class SandboxAsker implements AsyncDisposable {
  readonly steps: string[] = [];
  readonly daemon: DaemonUnderTest;
  readonly shim: SandboxShimScript;
  readonly options: { readonly namespace: string };
  readonly store;
  readonly controller;
  readonly containers;
  readonly tasks;
  readonly #transport: GrpcClient;
  #noted = 0;

  constructor(daemon: DaemonUnderTest) {
    this.daemon = daemon;
    this.shim = new SandboxShimScript(join(daemon.directory, 's'));
    this.options = { namespace: daemon.namespace };
    this.#transport = new GrpcClient(() => connect(daemon.address));
    this.store = rpcClient(this.#transport, StoreDefinition);
    this.controller = rpcClient(this.#transport, ControllerDefinition);
    this.containers = rpcClient(this.#transport, ContainersDefinition);
    this.tasks = rpcClient(this.#transport, TasksDefinition);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#transport[Symbol.asyncDispose]();
  }

  /** Calls, and notes the answer or the kind of the error. */
  async step(what: string, call: () => Promise<unknown>): Promise<void> {
    try {
      this.note(what, await call());
    } catch (error) {
      this.steps.push(`${what}: ${kindOf(error)}`);
    }
  }

  note(what: string, value: unknown): void {
    const text = JSON.stringify(value, plain);
    const { directory, namespace } = this.daemon;
    this.steps.push(`${what}: ${text.replaceAll(directory, 'DIR').replaceAll(namespace, 'NS')}`);
  }

  /**
   * Notes what the shims were asked since it was called last, sorted: waits are asked beside other calls. How often a binary is to
   * clean up is the daemon's business.
   */
  noteCalls(): void {
    const calls = this.shim.calls;
    this.note(
      'the shims were asked',
      calls
        .slice(this.#noted)
        .filter((call) => call !== 'delete')
        .sort(),
    );
    this.#noted = calls.length;
  }

  /** Events of sandboxes and tasks from now on. */
  subscribe(signal: AbortSignal): AsyncIterator<Envelope, undefined> {
    const events = rpcClient(this.#transport, EventsDefinition);
    return events.subscribe({ filters: ['topic~="/(sandboxes|tasks)/"'] }, { signal })[Symbol.asyncIterator]();
  }

  sandbox(id: string, rest: Partial<Sandbox> = {}): Sandbox {
    const any = (text: string) => ({ typeUrl: 'lab', value: Buffer.from(text) });
    return {
      sandboxId: id,
      runtime: { name: this.shim.path, options: undefined },
      spec: any('{"a":1}'),
      labels: new Map(Object.entries({ l: '1', empty: '' })),
      createdAt: undefined,
      updatedAt: undefined,
      extensions: new Map([['x', any('x')]]),
      sandboxer: 'shim',
      ...rest,
    };
  }

  async createSandbox(id: string, rest: Partial<ControllerCreateRequest> = {}): Promise<unknown> {
    const sandbox = this.sandbox(id);
    const request = { sandboxId: id, sandbox, netnsPath: '/net', sandboxer: 'shim', ...rest };
    return this.controller.create(ControllerCreateRequest.fromPartial(request), this.options);
  }

  /** A container of a sandbox, and its task. */
  async createTask(id: string, sandbox: string): Promise<unknown> {
    this.daemon.track({ ids: [id] });
    const container = {
      ...{ id, labels: new Map<string, string>(), image: '', runtime: { name: this.shim.path, options: undefined } },
      ...{ spec: { typeUrl: jsonTypes.spec, value: Buffer.from('{}') }, snapshotter: '', snapshotKey: '', sandbox },
      ...{ createdAt: undefined, updatedAt: undefined, extensions: new Map<string, never>() },
    };
    await this.containers.create({ container }, this.options);
    return this.tasks.create(CreateTaskRequest.fromPartial({ containerId: id }), this.options);
  }
}

const now = 1_750_000_000n;

/** Times that the daemon took are left out; those that the shim told, long ago, are not. */
function plain(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value > now ? 'now' : String(value);
  if (value instanceof Map) return Object.fromEntries(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString();
  const isTime = typeof value === 'object' && value !== null && 'seconds' in value && 'nanos' in value;
  return isTime && typeof value.seconds === 'bigint' && value.seconds > now ? 'now' : value;
}
