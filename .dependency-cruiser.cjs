// The floors of docs/architecture.md: imports go down, never up, never into a neighbour's insides, and never in a circle.

const { builtinModules } = require('node:module');

/** A rule that files of `from` import nothing but `to` (regular expressions), libraries and Node's modules. */
const only = (name, from, to, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from },
  to: { pathNot: [...to, '^node_modules/'], dependencyTypesNot: ['core'] },
});

module.exports = {
  forbidden: [
    { name: 'no-cycle', severity: 'error', from: {}, to: { circular: true } },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'kebab-case',
      severity: 'error',
      from: {},
      to: {
        path: '^(api|daemon|plugins|services|shim|snapshotters|pkg|test|scripts)/.*[A-Z]',
        pathNot: '^api/gen/',
      },
    },
    only('pkg-below-all', '^pkg/', ['^pkg/'], 'pkg is the lowest floor'),
    only('api-over-pkg', '^api/', ['^api/', '^pkg/'], 'api knows the wire, not the services'),
    only('snapshotters-over-pkg', '^snapshotters/', ['^snapshotters/', '^pkg/'], 'a snapshotter knows no service'),
    only(
      'services-floor',
      '^services/',
      // The key tree of the database is drawn in one place, which names the snapshotters' table too.
      ['^services/', '^snapshotters/[^/]+\\.ts$', '^snapshotters/storage/[^/]+-table\\.ts$', '^api/', '^pkg/'],
    ),
    only('plugins-floor', '^plugins/', ['^plugins/', '^services/', '^snapshotters/[^/]+\\.ts$', '^api/', '^pkg/']),
    only('daemon-floor', '^daemon/', ['^daemon/', '^plugins/', '^services/', '^snapshotters/', '^api/', '^pkg/']),
    only(
      'shim-alone',
      '^shim/',
      ['^shim/', '^api/(any|errors|gen|rpc|time|ttrpc)/', '^pkg/'],
      'the shim shares generated code, ttrpc, what these two need, and leaf helpers only',
    ),
    {
      name: 'shim-without-node',
      comment: 'its engine is not Node, which goes for whatever it imports',
      severity: 'error',
      from: { path: '^shim/' },
      to: { path: `^(node:)?(${builtinModules.join('|')})$`, reachable: true },
    },
    {
      name: 'services-through-interfaces',
      comment: 'what another service needs goes through its interface, not its adapter, registration or worker',
      severity: 'error',
      from: { path: '^services/([^/]+)/' },
      to: {
        path: ['^services/[^/]+/(grpc|ttrpc|plugin)\\.ts$', '^services/.+-(grpc|ttrpc|plugin|worker)\\.ts$'],
        pathNot: '^services/$1/',
      },
    },
    {
      name: 'snapshotters-apart',
      comment: 'one snapshotter does not know another; what they share is in storage/',
      severity: 'error',
      from: { path: '^snapshotters/([^/]+)/' },
      to: { path: '^snapshotters/[^/]+/', pathNot: ['^snapshotters/$1/', '^snapshotters/storage/'] },
    },
    {
      name: 'native-through-sys',
      comment: 'pkg/sys is the only importer of native/',
      severity: 'error',
      from: { pathNot: '^(pkg/sys|native)/' },
      to: { path: '^native/' },
    },
    {
      name: 'ttrpc-without-node',
      comment: 'the shim runs it on an engine that is not Node',
      severity: 'error',
      from: { path: '^api/ttrpc/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'nobody-imports-tests',
      severity: 'error',
      from: { pathNot: '^(test|scripts)/' },
      to: { path: '^(test|scripts)/' },
    },
    {
      name: 'no-development-package',
      comment: 'what the daemon runs with is listed under dependencies',
      severity: 'error',
      from: { path: '^(api|daemon|plugins|services|snapshotters|pkg)/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], pathNot: '@types/node' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    combinedDependencies: false,
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
    },
  },
};
