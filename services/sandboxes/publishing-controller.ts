import { packAny } from '../../api/any/pack-any.ts';
import { SandboxCreate, SandboxExit as ExitEvent, SandboxStart } from '../../api/gen/containerd/events/events.ts';
import type { Metric, Platform } from '../../api/gen/containerd/types/types.ts';
import type { Scope } from '../../pkg/scope/scope.ts';
import type { EventExchange } from '../events/event-exchange.ts';
import type { ShimAddress } from '../tasks/shim-address.ts';
import type {
  SandboxController,
  SandboxExit,
  SandboxSetup,
  SandboxStatus,
  StartedSandbox,
} from './sandbox-controller.ts';
import type { SandboxFields } from './sandbox-store.ts';

/**
 * A controller whose successes are published: `/sandboxes/create`, `/sandboxes/start`, and, whenever somebody's wait returns,
 * `/sandboxes/exit`. Nobody waits, nothing is told: so does containerd.
 */
export class PublishingController implements SandboxController {
  readonly #controller: SandboxController;
  readonly #events: EventExchange;

  constructor(controller: SandboxController, events: EventExchange) {
    this.#controller = controller;
    this.#events = events;
  }

  async create(scope: Scope, sandbox: SandboxFields, setup: SandboxSetup): Promise<void> {
    await this.#controller.create(scope, sandbox, setup);
    const event = packAny('containerd.events.SandboxCreate', SandboxCreate, { sandboxId: sandbox.id });
    this.#events.publish(scope.namespace, '/sandboxes/create', event);
  }

  async start(scope: Scope, id: string): Promise<StartedSandbox> {
    const started = await this.#controller.start(scope, id);
    const event = packAny('containerd.events.SandboxStart', SandboxStart, { sandboxId: id });
    this.#events.publish(scope.namespace, '/sandboxes/start', event);
    return started;
  }

  async wait(scope: Scope, id: string): Promise<SandboxExit> {
    const exit = await this.#controller.wait(scope, id);
    const event = packAny('containerd.events.SandboxExit', ExitEvent, { sandboxId: id, ...exit });
    this.#events.publish(scope.namespace, '/sandboxes/exit', event);
    return exit;
  }

  async platform(scope: Scope, id: string): Promise<Platform> {
    return this.#controller.platform(scope, id);
  }

  async stop(scope: Scope, id: string, seconds: number): Promise<void> {
    await this.#controller.stop(scope, id, seconds);
  }

  async status(scope: Scope, id: string, verbose: boolean): Promise<SandboxStatus> {
    return this.#controller.status(scope, id, verbose);
  }

  async shutdown(scope: Scope, id: string): Promise<void> {
    await this.#controller.shutdown(scope, id);
  }

  async metrics(scope: Scope, id: string): Promise<Metric | undefined> {
    return this.#controller.metrics(scope, id);
  }

  async update(scope: Scope, sandbox: SandboxFields, paths: readonly string[]): Promise<void> {
    await this.#controller.update(scope, sandbox, paths);
  }

  endpoint(namespace: string, id: string): ShimAddress | undefined {
    return this.#controller.endpoint(namespace, id);
  }
}
