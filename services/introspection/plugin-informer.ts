import type { Any } from '../../api/gen/google/protobuf/any.ts';
import type { Scope } from '../../pkg/scope/scope.ts';

/** Answers questions about a plugin that only the plugin can answer. */
export interface PluginInformer {
  /**
   * @param request a message of a type that the plugin knows
   * @throws KindError `unimplemented` for a message of any other type, and what the plugin throws.
   */
  info(scope: Pick<Scope, 'signal'>, request: Any): Promise<Any>;
}
