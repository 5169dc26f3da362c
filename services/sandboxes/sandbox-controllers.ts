import { KindError } from '../../pkg/errors/kind-error.ts';
import type { EventExchange } from '../events/event-exchange.ts';
import { PublishingController } from './publishing-controller.ts';
import type { SandboxController } from './sandbox-controller.ts';

/** Finds who runs a sandbox by the name of its sandboxer. */
export class SandboxControllers {
  readonly #controllers: ReadonlyMap<string, SandboxController>;

  constructor(controllers: ReadonlyMap<string, SandboxController>, events: EventExchange) {
    this.#controllers = new Map(
      Array.from(controllers, ([name, controller]) => [name, new PublishingController(controller, events)]),
    );
  }

  /** @throws KindError `invalid-argument` for an empty name, `not-found` for one that nobody bears. */
  get(sandboxer: string): SandboxController {
    if (sandboxer === '') throw new KindError('invalid-argument', 'sandbox controller name can not be empty');
    const controller = this.#controllers.get(sandboxer);
    if (!controller) throw new KindError('not-found', `sandbox controller "${sandboxer}"`);
    return controller;
  }
}
