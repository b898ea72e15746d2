import tseslint from 'typescript-eslint';

const stdoutBelongsToTheCli = [
  {
    object: 'process',
    property: 'exit',
    message: 'Only src/cli may end the process; set a result and return.',
  },
  { object: 'process', property: 'stdout', message: 'Only src/cli may write to stdout.' },
];

const ABORTS = 'In Node 22 and 24 it aborts the process where a directory below cannot be read.';
const HAS_NO_CODES = 'Its errors have no codes in Node 24; use util/files/removal.ts.';
const LOSES_THE_REASON =
  "It rejects with an AbortError instead of the signal's reason; use util/time/pause.ts.";
/** A regular expression of what makes HTML of a text. */
const MAKES_HTML =
  '/^((inner|outer)HTML|insertAdjacentHTML|(set|parse)HTMLUnsafe|dangerouslySetInnerHTML|createContextualFragment|DOMParser|srcdoc)$/';
const zodInParts = {
  selector: "ImportDeclaration[source.value='zod'] > ImportSpecifier",
  message: "Bundles all of zod's languages into the command; use import * as z from 'zod'.",
};

/** Node's programs of one file, without types: no tsconfig.json includes them. `test-hosts` is the one with no suffix. */
const withoutTypes = ['**/*.{js,mjs,cjs}', '**/test-hosts'];
const globals = (names) => Object.fromEntries(names.map((name) => [name, 'readonly']));

export default tseslint.config(
  {
    ignores: [
      'dist/',
      'dist.*.new/',
      'node_modules/',
      'coverage/',
      '.stryker-tmp/',
      'bench-results/',
      'hardening-results/',
      'src/qmp/protocol/protocol.gen.ts',
      // A project of its own, whose types are those of the package as it is published: a test checks them.
      'examples/',
    ],
  },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/promise-function-async': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { varsIgnorePattern: '^_', argsIgnorePattern: '^_' }],
      'no-empty': ['error', { allowEmptyCatch: false }],
      'no-console': 'error',
      eqeqeq: 'error',
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/cli/**', 'src/bin/**'],
    rules: { 'no-restricted-properties': ['error', ...stdoutBelongsToTheCli] },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      'no-restricted-syntax': ['error', zodInParts],
      'no-restricted-imports': [
        'error',
        {
          paths: [
            { name: 'node:fs', importNames: ['cpSync'], message: ABORTS },
            { name: 'node:fs', importNames: ['rmSync'], message: HAS_NO_CODES },
            { name: 'node:timers/promises', importNames: ['setTimeout'], message: LOSES_THE_REASON },
          ],
        },
      ],
    },
  },
  {
    files: ['src/util/time/pause.ts'],
    rules: { 'no-restricted-imports': 'off' },
  },
  {
    files: ['src/cli/**/*.ts'],
    // What they write is the guest's own, or was cleaned as it came.
    ignores: ['src/cli/output/**', 'src/cli/enter/exec.ts', 'src/cli/images/image-build.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        zodInParts,
        {
          selector:
            "CallExpression[callee.property.name='write'][callee.object.object.name='process'][callee.object.property.name='stderr']",
          message: 'Use note() of src/cli/output/say.ts, which shows what would steer a terminal.',
        },
        {
          selector: "CallExpression[callee.property.name='write'] CallExpression[callee.object.name='JSON']",
          message: 'Use printJson() of src/cli/output/say.ts, which shows what would steer a terminal.',
        },
      ],
    },
  },
  {
    files: ['page/**/*.ts', 'page/**/*.tsx'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: `:matches(Identifier, JSXIdentifier)[name=${MAKES_HTML}], Literal[value=${MAKES_HTML}]`,
          message: 'What guests print is never HTML; set text.',
        },
      ],
    },
  },
  {
    files: ['test/**/*.ts', 'scripts/**/*.ts', 'fixtures/**/*.ts'],
    rules: { 'no-console': 'off', '@typescript-eslint/no-non-null-assertion': 'off' },
  },
  {
    ...tseslint.configs.disableTypeChecked,
    files: withoutTypes,
    languageOptions: {
      ...tseslint.configs.disableTypeChecked.languageOptions,
      globals: globals(Object.getOwnPropertyNames(globalThis)),
    },
    // tsc does the same for the others.
    rules: { ...tseslint.configs.disableTypeChecked.rules, 'no-undef': 'error', 'no-console': 'off' },
  },
  {
    files: ['**/*.cjs'],
    languageOptions: { globals: globals(['module', 'require']) },
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
);
