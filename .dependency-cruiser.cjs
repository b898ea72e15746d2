const { pureFiles } = require('./scripts/check/pure-files.mjs');

/** The import rule of ARCHITECTURE.md. Folders in one row do not import each other, but for passt, which uses network. */
const rows = [
  ['cli'],
  ['testing'],
  ['public'],
  ['machines'],
  ['template'],
  ['machine'],
  ['qmp', 'passt', 'network', 'images', 'guest', 'host'],
  ['process'],
  ['util'],
];
const exceptions = { passt: ['network'] };
// The command is on top, and has a rule of its own.
const onlyDown = rows.slice(1).flatMap((row, index) =>
  row.map((name) => {
    const above = rows.slice(0, index + 1).flat();
    const beside = row.filter((other) => other !== name && !exceptions[name]?.includes(other));
    return {
      name: `${name}-imports-only-what-is-below`,
      severity: 'error',
      from: { path: `^src/${name}/` },
      to: { path: `^src/((${[...above, ...beside].join('|')})/|index\\.ts$)` },
    };
  }),
);

module.exports = {
  forbidden: [
    ...onlyDown,
    {
      name: 'cli-uses-the-public-api-alone',
      severity: 'error',
      from: { path: '^src/cli/' },
      // errors and src/public are public as a whole; through index.ts each verb would load the whole library for them.
      // What is in util knows nothing of machines.
      to: {
        path: '^src/(?!cli/|util/|errors/index\\.ts$|public/|index\\.ts$|qmp/index\\.ts$|machines/index\\.ts$)',
      },
    },
    {
      name: 'errors-come-from-their-index',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/errors/' },
      to: { path: '^src/errors/(?!index\\.ts$)' },
    },
    {
      name: 'errors-import-errors-alone',
      severity: 'error',
      from: { path: '^src/errors/' },
      to: { pathNot: '^src/errors/' },
    },
    {
      name: 'only-process-starts-processes',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/process/' },
      to: { path: '^((node:)?child_process|node_modules/execa)' },
    },
    {
      name: 'an-image-is-judged-before-any-program-sees-it',
      severity: 'error',
      from: { path: '^src/images/header/' },
      to: { path: '^src/process/', reachable: true },
    },
    {
      name: 'pure-files-have-no-effects',
      severity: 'error',
      from: { path: `^(${pureFiles.join('|').replaceAll('.', '\\.')})$` },
      to: { path: '^(node:)?(fs|fs/promises|net|child_process|os|http|https|dns)$' },
    },
    {
      name: 'the-page-imports-types-alone',
      severity: 'error',
      from: { path: '^page/' },
      to: { path: '^src/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'the-page-is-not-imported',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^page/' },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: { path: '^src/' },
      // Types count too (`tsPreCompilationDeps`).
      to: { circular: true },
    },
    {
      name: 'no-cycles-between-folders',
      severity: 'error',
      scope: 'folder',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, path: '^src/', pathNot: '\\.d\\.ts$|^src/bin/' },
      to: {},
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types'] },
  },
};
