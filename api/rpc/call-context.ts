import { KindError } from '../../pkg/errors/kind-error.ts';
import { validateIdentifier } from '../../pkg/identifiers/validate-identifier.ts';
import type { Scope } from '../../pkg/scope/scope.ts';
import type { RequestContext } from './request-context.ts';

/** What a transport knows of a call when it begins. */
export interface CallFacts {
  readonly method: string;
  readonly namespace: string | undefined;
  readonly lease: string | undefined;
  /** Sends the response headers now; absent where the transport has none. */
  readonly sendHeaders?: () => void;
}

/**
 * The context of one call, as every transport hands it to handlers. The transport calls {@link abort} when the
 * peer is gone or too late; the signal is made only when somebody asks for it.
 */
export class CallContext implements RequestContext {
  readonly method: string;
  readonly namespace: string | undefined;
  readonly lease: string | undefined;
  readonly #sendHeaders: (() => void) | undefined;
  #controller: AbortController | undefined;
  #reason: KindError | undefined;

  constructor(facts: CallFacts) {
    this.method = facts.method;
    this.namespace = facts.namespace === '' ? undefined : facts.namespace;
    this.lease = facts.lease === '' ? undefined : facts.lease;
    this.#sendHeaders = facts.sendHeaders;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** Why the call was aborted, if it was. */
  get abortReason(): KindError | undefined {
    return this.#reason;
  }

  sendHeaders(): void {
    this.#sendHeaders?.();
  }

  scope(): Scope {
    if (this.namespace === undefined) {
      throw new KindError('failed-precondition', `${this.method}: namespace is required`);
    }
    validateIdentifier(this.namespace, 'namespace');
    return { namespace: this.namespace, lease: this.lease, signal: this.signal };
  }

  /** Aborts the signal; the first reason stays. */
  abort(reason: KindError): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#controller?.abort(reason);
  }
}
