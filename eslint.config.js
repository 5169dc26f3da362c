// Code rules. What a rule cannot say (layering, formatting, unused code) is checked by other tools in `make check`.
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

const restricted = [
  ['ExportDefaultDeclaration', 'Named exports only.'],
  ['ExportAllDeclaration', 'No barrels: import from the file that declares it.'],
  ['ExportNamedDeclaration[source]', 'No re-exports: import from the file that declares it.'],
  ['TSEnumDeclaration', 'No enums: a union of literals.'],
  ['TSModuleDeclaration', 'No namespaces.'],
  ['TSParameterProperty', 'Write the field and its assignment.'],
  ['TSAsExpression > TSAsExpression[typeAnnotation.type="TSUnknownKeyword"]', 'No `as unknown as`: parse or narrow.'],
  [
    ':matches(PropertyDefinition, MethodDefinition)[accessibility=/private|protected/][kind!="constructor"]',
    'Use #private.',
  ],
  ['PropertyDefinition[key.type="Identifier"][key.name=/^_/]', 'Use #private.'],
].map(([selector, message]) => ({ selector, message }));

export default defineConfig(
  {
    ignores: ['api/gen/', 'bin/', 'build/', 'node_modules/', '.cache/', 'eslint.config.js', '.dependency-cruiser.cjs'],
  },
  // Nobody switches a rule off in a file.
  { linterOptions: { noInlineConfig: true, reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/consistent-type-definitions': ['error', 'interface'],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/ban-ts-comment': ['error', { 'ts-expect-error': true, minimumDescriptionLength: 0 }],
      '@typescript-eslint/prefer-readonly': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/no-meaningless-void-operator': 'off',
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
      '@typescript-eslint/prefer-promise-reject-errors': [
        'error',
        { allowThrowingUnknown: true, allowThrowingAny: true },
      ],
      '@typescript-eslint/only-throw-error': [
        'error',
        { allowThrowingUnknown: true, allowThrowingAny: true, allowRethrowing: true },
      ],
      // An interface says that a call is asynchronous; not every implementation has to wait for something.
      '@typescript-eslint/require-await': 'off',
      // It takes `withResolvers<void>()` for a mistake.
      '@typescript-eslint/no-invalid-void-type': 'off',
      // Characters as code points are what we want of a string.
      '@typescript-eslint/no-misused-spread': ['error', { allow: ['string'] }],
      // The type argument is where the type of an answer is named.
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'no-restricted-syntax': ['error', ...restricted],
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true, IIFEs: true }],
      eqeqeq: 'error',
      'no-console': 'off',
    },
  },
  {
    // A script that declares globals cannot have `import`s.
    files: ['shim/host/ambient.d.ts'],
    rules: { '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }] },
  },
  {
    // What the shim's engine does not have, or is not given: each costs memory in every shim.
    files: ['shim/**/*.ts'],
    rules: {
      'no-restricted-globals': [
        'error',
        ...[
          'Date',
          'Proxy',
          'WeakRef',
          'FinalizationRegistry',
          'eval',
          'Function',
          'Intl',
          'Atomics',
          'SharedArrayBuffer',
        ],
        ...['DisposableStack', 'AsyncDisposableStack', 'SuppressedError', 'Iterator'],
      ],
      'no-restricted-syntax': [
        'error',
        ...restricted,
        {
          selector: ':matches(NewExpression, CallExpression)[callee.name="RegExp"]',
          message: 'The engine has no parser of regular expressions at run time: write a literal.',
        },
      ],
    },
  },
  {
    // The daemon writes through its logger.
    files: ['{api,plugins,services,shim,snapshotters,pkg}/**/*.ts'],
    rules: { 'no-console': 'error' },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      // A `describe` is a list of tests, not a function.
      'max-lines-per-function': 'off',
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            { from: 'package', package: 'node:test', name: ['test', 'it', 'describe', 'suite'] },
          ],
        },
      ],
    },
  },
);
