import type { Any } from '../../api/gen/google/protobuf/any.ts';
import type { PluginStatus } from '../../pkg/plugin/plugin-context.ts';
import type { Scope } from '../../pkg/scope/scope.ts';
import type { DeprecationWarning } from './deprecation-warnings.ts';

/** The daemon as one process among others. */
export interface ServerFacts {
  /** Given once and kept in the root directory. */
  readonly uuid: string;
  readonly pid: number;
  /** The inode of the pid namespace, which tells whether `pid` means anything to the caller. */
  readonly pidNamespace: bigint;
  readonly deprecations: readonly DeprecationWarning[];
}

/** One plugin, and what it tells of itself. */
export interface PluginInformation {
  readonly status: PluginStatus;
  /** Its answer to what it was asked, if it was. */
  readonly extra: Any | undefined;
}

/** Tells of the daemon and its plugins; knows no namespaces. */
export interface Introspection {
  /**
   * The registered plugins that a filter over `type` and `id` admits, in the order of their start.
   * @throws KindError `invalid-argument` for a malformed filter.
   */
  plugins(filters: readonly string[]): readonly PluginStatus[];
  /**
   * One plugin; with `options`, a message, it is asked for more.
   * @throws KindError `not-found`, `unimplemented` when it knows no answers to messages of that type, and what it throws.
   */
  pluginInfo(
    scope: Pick<Scope, 'signal'>,
    type: string,
    id: string,
    options: Any | undefined,
  ): Promise<PluginInformation>;
  server(): ServerFacts;
}
