import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { KindError } from '../../../../pkg/errors/kind-error.ts';
import { LevelLogger } from '../../../../pkg/log/level-logger.ts';
import type { Logger } from '../../../../pkg/log/logger.ts';
import { definePlugin, type AnyPlugin } from '../../../../pkg/plugin/define-plugin.ts';
import type { DaemonInfo, PluginContext } from '../../../../pkg/plugin/plugin-context.ts';
import { PluginGraph, type PluginGraphOptions } from '../../../../pkg/plugin/plugin-graph.ts';
import { PluginSkipped } from '../../../../pkg/plugin/plugin-skipped.ts';
import { PluginToken } from '../../../../pkg/plugin/plugin-token.ts';
import { PluginTypeToken } from '../../../../pkg/plugin/plugin-type-token.ts';
import { pluginTypes, type PluginType } from '../../../../pkg/plugin/plugin-type.ts';

const daemon: DaemonInfo = {
  root: '/root-directory',
  state: '/state-directory',
  address: '/run/g.sock',
  ttrpcAddress: '/run/g.sock.ttrpc',
  executable: '/bin/gantry',
  version: '0',
  revision: 'r',
  logLevel: 'info',
  streamProcessors: new Map(),
  timeouts: new Map(),
};

/** A logger that puts lines as `level message id error` into `lines`. */
function linesLogger(lines: string[]): Logger {
  return new LevelLogger((level, message, { id, error }) => {
    const reason = error instanceof Error ? ` (${error.message})` : '';
    lines.push(`${level} ${message} ${String(id)}${reason}`);
  });
}

function plugin(
  type: PluginType,
  id: string,
  requires: readonly PluginType[],
  init: (context: PluginContext<undefined>) => unknown = () => id,
): AnyPlugin {
  return definePlugin<unknown>({ token: new PluginToken(type, id), requires, init });
}

function graphOf(plugins: readonly AnyPlugin[], options: Partial<PluginGraphOptions> = {}) {
  const lines: string[] = [];
  return { graph: new PluginGraph({ plugins, daemon, log: linesLogger(lines), ...options }), lines };
}

const order = (graph: PluginGraph): readonly string[] => graph.statuses().map(({ id }) => id);
const { content, metadata, service, grpc, snapshotter } = pluginTypes;

describe('sorting', () => {
  test('what is required comes first, and the order given decides otherwise', async () => {
    const { graph } = graphOf([
      plugin(grpc, 'front', [service]),
      plugin(snapshotter, 'b', []),
      plugin(service, 'middle', [metadata]),
      plugin(snapshotter, 'a', []),
      plugin(metadata, 'bolt', [content, snapshotter]),
      plugin(content, 'content', []),
    ]);
    await graph.start();
    assert.deepEqual(order(graph), ['content', 'b', 'a', 'bolt', 'middle', 'front']);
  });

  test('a required type that nobody has is no obstacle', async () => {
    const { graph } = graphOf([plugin(grpc, 'front', [service])]);
    await graph.start();
    assert.deepEqual(order(graph), ['front']);
  });

  test('one that requires its own type comes after the others of it', async () => {
    const { graph } = graphOf([plugin(service, 'tasks', [service]), plugin(service, 'images', [])]);
    await graph.start();
    assert.deepEqual(order(graph), ['images', 'tasks']);
  });

  test('those of a type in `after` come first unless they need the plugin', async () => {
    const seen: string[] = [];
    const chooser = definePlugin<string>({
      token: new PluginToken(service, 'chooser'),
      requires: [],
      after: [snapshotter],
      init(context) {
        seen.push(...context.getAll(new PluginTypeToken<unknown>(snapshotter)).keys());
        return 'chooser';
      },
    });
    const { graph } = graphOf([
      chooser,
      plugin(snapshotter, 'needs', [service]),
      plugin(snapshotter, 'free', [content]),
    ]);
    await graph.start();
    assert.deepEqual(order(graph), ['free', 'chooser', 'needs']);
    assert.deepEqual(seen, ['free']);
  });

  test('`after` its own type comes after all others of it', async () => {
    const last = definePlugin<string>({
      token: new PluginToken(service, 'last'),
      requires: [],
      after: [service],
      init: () => '',
    });
    const { graph } = graphOf([last, plugin(service, 'first', []), plugin(service, 'second', [grpc])]);
    await graph.start();
    assert.deepEqual(order(graph), ['first', 'second', 'last']);
  });

  test('those of a type in `later` are found once they are up, wherever they come', async () => {
    const reader = definePlugin<() => readonly string[]>({
      token: new PluginToken(service, 'reader'),
      requires: [],
      later: [grpc],
      init: (context) => () => [...context.getAll(new PluginTypeToken<unknown>(grpc)).keys()],
    });
    const { graph } = graphOf([reader, plugin(grpc, 'front', [service])]);
    await graph.start();
    assert.deepEqual(order(graph), ['reader', 'front']);
    assert.deepEqual(graph.get(new PluginToken<() => readonly string[]>(service, 'reader'))(), ['front']);
  });

  test('a circle is an error that names it', () => {
    const circle = [plugin(service, 'a', [metadata]), plugin(metadata, 'b', [grpc]), plugin(grpc, 'c', [service])];
    assert.throws(() => graphOf(circle), {
      kind: 'invalid-argument',
      message:
        /io\.containerd\.service\.v1\.a requires io\.containerd\.metadata\.v1\.b requires io\.containerd\.grpc\.v1\.c requires io\.containerd\.service\.v1\.a/,
    });
  });

  test('two of one name are an error', () => {
    assert.throws(() => graphOf([plugin(grpc, 'a', []), plugin(grpc, 'a', [])]), { kind: 'already-exists' });
  });
});

describe('start', () => {
  test('exports are given by token and by type, with their own directories', async () => {
    const number = new PluginToken<number>(service, 'number');
    const all = new PluginTypeToken<number>(service);
    const seen: unknown[] = [];
    const { graph } = graphOf([
      definePlugin({ token: number, requires: [], init: async () => 7 }),
      plugin(grpc, 'front', [service], (context) => {
        seen.push(context.get(number), [...context.getAll(all)], context.root, context.state);
      }),
    ]);
    await graph.start();
    assert.equal(graph.get(number), 7);
    assert.deepEqual(seen, [
      7,
      [['number', 7]],
      '/root-directory/io.containerd.grpc.v1.front',
      '/state-directory/io.containerd.grpc.v1.front',
    ]);
  });

  test('one that fails is warned of and left out, with those that get it, and nobody else', async () => {
    const broken = new PluginToken<number>(service, 'broken');
    const { graph, lines } = graphOf([
      plugin(service, 'broken', [], () => {
        throw new KindError('unavailable', 'no disk');
      }),
      plugin(grpc, 'needs', [service], (context) => context.get(broken)),
      plugin(grpc, 'looks', [service], (context) => context.getAll(new PluginTypeToken<number>(service)).size),
    ]);
    await graph.start();
    assert.deepEqual(
      graph.statuses().map(({ id, error }) => [id, error instanceof Error ? error.message : undefined]),
      [
        ['broken', 'no disk: unavailable'],
        ['needs', 'no disk: unavailable'],
        ['looks', undefined],
      ],
    );
    assert.ok(lines.includes('warn failed to load plugin io.containerd.service.v1.broken (no disk: unavailable)'));
    assert.throws(() => graph.get(broken), { kind: 'unavailable' });
  });

  test('one that skips is no fault', async () => {
    const { graph, lines } = graphOf([
      plugin(snapshotter, 'btrfs', [], () => {
        throw new PluginSkipped('not on btrfs');
      }),
    ]);
    await graph.start();
    assert.deepEqual(lines, [
      'info loading plugin io.containerd.snapshotter.v1.btrfs',
      'info skip loading plugin io.containerd.snapshotter.v1.btrfs (not on btrfs: skip plugin)',
    ]);
  });

  test('a disabled one is not there', async () => {
    const { graph } = graphOf([plugin(service, 'a', []), plugin(service, 'b', [])], {
      disabled: ['io.containerd.service.v1.a', 'io.containerd.service.v1.unheard-of'],
    });
    await graph.start();
    assert.deepEqual(order(graph), ['b']);
    assert.throws(() => graph.get(new PluginToken(service, 'a')), { kind: 'not-found' });
  });

  test('a required one that is disabled or unknown is fatal before anything starts', () => {
    const uri = 'io.containerd.service.v1.a';
    const plugins = [plugin(service, 'a', [])];
    assert.throws(() => graphOf(plugins, { disabled: [uri], required: [uri] }), { kind: 'not-found' });
    assert.throws(() => graphOf([], { required: [uri] }), { kind: 'not-found', message: new RegExp(uri) });
  });

  test('a required one that fails or skips is fatal', async () => {
    for (const error of [new Error('boom'), new PluginSkipped('not here')]) {
      const failing = plugin(service, 'a', [], () => {
        throw error;
      });
      const { graph } = graphOf([failing], { required: ['io.containerd.service.v1.a'] });
      await assert.rejects(graph.start(), { kind: 'failed-precondition', message: new RegExp(error.message) });
    }
  });

  test('to get what is not required by type is refused', async () => {
    const { graph } = graphOf([
      plugin(service, 'a', []),
      plugin(grpc, 'front', [], (context) => context.get(new PluginToken(service, 'a'))),
    ]);
    await graph.start();
    assert.match(String(graph.statuses()[1]?.error), /does not require/);
  });

  test('a bad configuration is found before anything starts', () => {
    let started = false;
    const configured = definePlugin<undefined, number>({
      token: new PluginToken<undefined>(service, 'a'),
      requires: [],
      config: {
        defaults: {},
        parse() {
          throw new KindError('invalid-argument', 'interval');
        },
      },
      init: () => void (started = true),
    });
    assert.throws(() => graphOf([configured]), { kind: 'invalid-argument' });
    assert.equal(started, false);
  });
});

describe('stop', () => {
  test('what was acquired is disposed in reverse order, also past a failure, and once', async () => {
    const closed: string[] = [];
    const owning = (type: PluginType, id: string, requires: readonly PluginType[]): AnyPlugin =>
      plugin(type, id, requires, (context) => {
        context.own({ [Symbol.dispose]: () => void closed.push(`${id} 1`) });
        context.own({
          async [Symbol.asyncDispose]() {
            closed.push(`${id} 2`);
            if (id === 'a') throw new Error('stuck');
          },
        });
      });
    const { graph, lines } = graphOf([owning(service, 'a', []), owning(grpc, 'b', [service])]);
    await graph.start();
    await graph[Symbol.asyncDispose]();
    await graph[Symbol.asyncDispose]();
    assert.deepEqual(closed, ['b 2', 'b 1', 'a 2', 'a 1']);
    assert.ok(lines.includes('error failed to close plugin io.containerd.service.v1.a (stuck)'));
  });

  test('one that fails gives back what it acquired at once, and nothing of others', async () => {
    const closed: string[] = [];
    const own = (context: PluginContext<undefined>, name: string): void =>
      context.own({ [Symbol.dispose]: () => void closed.push(name) });
    const { graph } = graphOf([
      plugin(service, 'a', [], (context) => own(context, 'a')),
      plugin(grpc, 'b', [service], (context) => {
        own(context, 'b');
        throw new Error('no');
      }),
    ]);
    await graph.start();
    assert.deepEqual(closed, ['b']);
    await graph[Symbol.asyncDispose]();
    assert.deepEqual(closed, ['b', 'a']);
  });
});
