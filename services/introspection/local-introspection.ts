import type { Any } from '../../api/gen/google/protobuf/any.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import { compileFilters } from '../../pkg/filters/compile-filters.ts';
import type { PluginStatus } from '../../pkg/plugin/plugin-context.ts';
import type { Scope } from '../../pkg/scope/scope.ts';
import type { DeprecationWarnings } from './deprecation-warnings.ts';
import type { Introspection, PluginInformation, ServerFacts } from './introspection.ts';
import type { PluginInformer } from './plugin-informer.ts';

/** What a {@link LocalIntrospection} tells of. */
export interface LocalIntrospectionOptions {
  readonly uuid: string;
  readonly pidNamespace: bigint;
  readonly warnings: DeprecationWarnings;
  readonly statuses: () => readonly PluginStatus[];
  /** By type and id with a dot between them. Called when somebody asks; throws what the plugin failed with. */
  readonly informers: ReadonlyMap<string, () => PluginInformer>;
}

/** Introspection of this process. */
export class LocalIntrospection implements Introspection {
  readonly #options: LocalIntrospectionOptions;

  constructor(options: LocalIntrospectionOptions) {
    this.#options = options;
  }

  plugins(filters: readonly string[]): readonly PluginStatus[] {
    const wanted = compileFilters(filters);
    return this.#options.statuses().filter((status) => wanted((path) => fieldOf(status, path)));
  }

  async pluginInfo(
    scope: Pick<Scope, 'signal'>,
    type: string,
    id: string,
    options: Any | undefined,
  ): Promise<PluginInformation> {
    const uri = `${type}.${id}`;
    const status = this.#options.statuses().find((plugin) => plugin.type === type && plugin.id === id);
    if (!status) throw new KindError('not-found', `plugin "${uri}"`);
    if (!options) return { status, extra: undefined };
    const informer = this.#options.informers.get(uri);
    if (!informer) throw new KindError('unimplemented', `plugin "${uri}" gives no further information`);
    return { status, extra: await informer().info(scope, options) };
  }

  server(): ServerFacts {
    const { uuid, pidNamespace, warnings } = this.#options;
    return { uuid, pid: process.pid, pidNamespace, deprecations: warnings.list() };
  }
}

function fieldOf(status: PluginStatus, path: readonly string[]): string | undefined {
  if (path.length !== 1) return undefined;
  if (path[0] === 'type') return status.type;
  return path[0] === 'id' ? status.id : undefined;
}
