import { defineConfig } from 'vitest/config';

/** Run by the benchmark: the same hundred tests, in two files for two processors, with two kinds of guests. */
export default defineConfig({
  test: { include: ['*.test.ts'], testTimeout: 120_000, hookTimeout: 120_000, maxWorkers: 2 },
});
