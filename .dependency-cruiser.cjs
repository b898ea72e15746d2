/** The import rule of ARCHITECTURE.md: cli → testing, store → machine → {qmp passt images guest host} → process → util, errors. */
const layers = [
  'cli',
  'testing',
  'store',
  'machine',
  'qmp',
  'passt',
  'images',
  'guest',
  'host',
  'process',
  'util',
];
const siblings = ['qmp', 'passt', 'images', 'guest', 'host'];
const below = {
  testing: ['store', 'machine', ...siblings, 'process', 'util'],
  store: ['machine', ...siblings, 'process', 'util'],
  machine: [...siblings, 'process', 'util'],
  ...Object.fromEntries(siblings.map((name) => [name, ['process', 'util']])),
  process: ['util'],
  util: [],
};
const onlyDown = Object.entries(below).map(([name, allowed]) => ({
  name: `${name}-imports-only-what-is-below`,
  severity: 'error',
  from: { path: `^src/${name}/` },
  to: {
    path: `^src/(${layers.filter((layer) => layer !== name && !allowed.includes(layer)).join('|')}|index\\.ts)`,
  },
}));

const pureFiles =
  '^src/(machine/(spec|found-spec|plan|plan-machine|argv|outcome|quote|network/hosts-text)|passt/(port|passt-argv|slirp|ethernet/(frame|frame-stream|switch|subnet|dhcp-message|dhcp-server))|qmp/(framing|protocol\\.gen)|images/(cpio|disk-size)|guest/frame)\\.ts$';

module.exports = {
  forbidden: [
    ...onlyDown,
    {
      name: 'cli-uses-the-public-api-alone',
      severity: 'error',
      from: { path: '^src/cli/' },
      // errors.ts and format.ts are public as a whole; through index.ts each verb would load the whole library for them.
      // What is in util knows nothing of machines.
      to: { path: '^src/(?!cli/|util/|(errors|format)\\.ts$|index\\.ts$|qmp/index\\.ts$|store/index\\.ts$)' },
    },
    {
      name: 'errors-come-from-their-index',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/errors(/|\\.ts$)' },
      to: { path: '^src/errors/' },
    },
    {
      name: 'errors-import-errors-alone',
      severity: 'error',
      from: { path: '^src/errors(/|\\.ts$)' },
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
      from: { path: pureFiles },
      to: { path: '^(node:)?(fs|fs/promises|net|child_process|os|http|https|dns)$' },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: { path: '^src/' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
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
