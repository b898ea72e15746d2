import { pureFiles } from './scripts/check/pure-files.mjs';

/**
 * Mutation testing of the pure core, by the unit tests alone (`npm run mutation`; CONTRIBUTING.md has the score).
 * Mutants of what runs as a file is loaded are tested too (no `ignoreStatic`): tables of names and numbers are such.
 */
export default {
  testRunner: 'vitest',
  plugins: ['@stryker-mutator/vitest-runner'],
  vitest: { configFile: 'vitest.mutation.config.mjs' },
  coverageAnalysis: 'perTest',
  concurrency: 2,
  incremental: true,
  incrementalFile: 'node_modules/.cache/stryker/incremental.json',
  // Not below node_modules, where vitest takes nothing for a source.
  tempDirName: '.stryker-tmp',
  ignorePatterns: ['dist*', 'coverage', 'bench-results', 'hardening-results', 'test-results', 'release'],
  reporters: ['clear-text', 'progress-append-only'],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  thresholds: { high: 95, low: 85, break: 85 },
  mutate: [...pureFiles.filter((path) => !path.endsWith('.gen.ts')), 'src/machine/spec/disk-spec.ts'],
};
