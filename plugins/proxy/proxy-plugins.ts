import { connect } from 'node:net';
import { GrpcClient } from '../../api/grpc/grpc-client.ts';
import type { RpcTransport } from '../../api/rpc/rpc-transport.ts';
import { socketPath } from '../../api/transport/socket-path.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import type { Logger } from '../../pkg/log/logger.ts';
import { hostPlatform } from '../../pkg/platforms/host-platform.ts';
import { parsePlatform } from '../../pkg/platforms/parse-platform.ts';
import { definePlugin, type AnyPlugin } from '../../pkg/plugin/define-plugin.ts';
import type { PluginPlatform } from '../../pkg/plugin/plugin-context.ts';
import { PluginToken } from '../../pkg/plugin/plugin-token.ts';
import { pluginTypes, type PluginType } from '../../pkg/plugin/plugin-type.ts';
import { ProxyContentStore } from './proxy-content-store.ts';
import { ProxyDiffer } from './proxy-differ.ts';
import type { ProxyPlugin } from './proxy-plugin.ts';
import { ProxySandboxController } from './proxy-sandbox-controller.ts';
import { ProxySnapshotter } from './proxy-snapshotter.ts';

/** Makes a plugin's export of a connection. */
type Adapter = (transport: RpcTransport, name: string) => unknown;

interface Proxied {
  readonly type: PluginType;
  readonly adapter: Adapter;
}

const snapshot: Proxied = {
  type: pluginTypes.snapshotter,
  adapter: (transport, name) => new ProxySnapshotter(transport, name),
};
const content: Proxied = { type: pluginTypes.content, adapter: (transport) => new ProxyContentStore(transport) };
const diff: Proxied = { type: pluginTypes.differ, adapter: (transport) => new ProxyDiffer(transport) };
const sandbox: Proxied = {
  type: pluginTypes.sandboxController,
  adapter: (transport, name) => new ProxySandboxController(transport, name),
};

/** By what the configuration calls them. */
const proxied: ReadonlyMap<string, Proxied> = new Map(
  Object.entries({ snapshot, content, diff, sandbox }).flatMap(([name, each]) => [
    [name, each],
    [each.type, each],
  ]),
);

/**
 * The plugins behind sockets, like those of our own but for where the work is done. A socket that nobody listens on is no error here: each
 * call dials anew.
 *
 * @throws KindError `invalid-argument`, naming the proxy plugin and what is wrong with it.
 */
export function proxyPlugins(configured: ReadonlyMap<string, ProxyPlugin>): readonly AnyPlugin[] {
  return [...configured].map(([name, plugin]) => {
    try {
      return proxyPlugin(name, plugin);
    } catch (error) {
      if (!(error instanceof KindError)) throw error;
      throw new KindError('invalid-argument', `proxy_plugins.${name}: ${error.detail}`, { cause: error });
    }
  });
}

function proxyPlugin(name: string, { type, address, platform, exports, capabilities }: ProxyPlugin): AnyPlugin {
  const known = proxied.get(type);
  if (!known) {
    const types = '"snapshot", "content", "diff" or "sandbox"';
    throw new KindError('invalid-argument', `type ${JSON.stringify(type)} is unknown; it must be ${types}`);
  }
  const path = socketPath(address);
  return definePlugin<unknown>({
    token: new PluginToken<unknown>(known.type, name),
    requires: [],
    init(context) {
      const { meta } = context;
      for (const [key, value] of exports) meta.exports.set(key, value);
      meta.exports.set('address', address);
      meta.capabilities.push(...capabilities);
      meta.platforms.push(...platformOf(platform, context.log));
      const client = new GrpcClient(() => connect(path));
      context.own(client);
      return known.adapter(client, name);
    },
  });
}

/** As with containerd a bad platform is no reason to do without the plugin. */
function platformOf(text: string, log: Logger): readonly PluginPlatform[] {
  try {
    const { os, architecture, variant } = text === '' ? hostPlatform() : parsePlatform(text);
    return [{ os, architecture, ...(variant === undefined ? {} : { variant }) }];
  } catch (error) {
    log.warn('skipping proxy platform with bad platform', { error });
    return [];
  }
}
