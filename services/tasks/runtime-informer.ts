import { isAny } from '../../api/any/is-any.ts';
import { packAny } from '../../api/any/pack-any.ts';
import { unpackAny } from '../../api/any/unpack-any.ts';
import { RuntimeInfo, RuntimeRequest } from '../../api/gen/containerd/types/types.ts';
import type { Any } from '../../api/gen/google/protobuf/any.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import type { Scope } from '../../pkg/scope/scope.ts';
import type { PluginInformer } from '../introspection/plugin-informer.ts';
import type { TaskRuntime } from './task-runtime.ts';

const requestType = 'containerd.types.RuntimeRequest';

/** Tells what a shim tells of itself: `containerd.types.RuntimeInfo` for a `containerd.types.RuntimeRequest`. */
export class RuntimeInformer implements PluginInformer {
  readonly #runtime: TaskRuntime;

  constructor(runtime: TaskRuntime) {
    this.#runtime = runtime;
  }

  async info(scope: Pick<Scope, 'signal'>, request: Any): Promise<Any> {
    const { typeUrl } = request;
    if (!isAny(request, requestType)) {
      throw new KindError('unimplemented', `want a message ${requestType}, got ${JSON.stringify(typeUrl)}`);
    }
    const { runtimePath, options } = unpackAny(request, requestType, RuntimeRequest);
    const info = await this.#runtime.info(scope, runtimePath, options);
    return packAny('containerd.types.RuntimeInfo', RuntimeInfo, info);
  }
}
