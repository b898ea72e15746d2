import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const GENEROUS_MS = 120_000;
// The unit tests import sources alone and need no build.
const ofDist = { globalSetup: ['test/built.ts'], testTimeout: GENEROUS_MS, hookTimeout: GENEROUS_MS };

export default defineConfig({
  test: {
    // Once for all projects: afterwards it looks for what was left behind and what crashed.
    globalSetup: ['test/guards/run.ts'],
    // One processor less, which vitest has by default, would be half of them in CI.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    coverage: { include: ['src/**/*.ts'], exclude: ['**/*.gen.ts'], reporter: ['text-summary', 'html'] },
    projects: [
      // They share a process, since most of their time would be for loading the sources anew for each file.
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'], testTimeout: 30_000, isolate: false } },
      { test: { name: 'integration', include: ['test/integration/**/*.test.ts'], ...ofDist } },
      { test: { name: 'systems', include: ['test/systems/**/*.test.ts'], ...ofDist } },
      { test: { name: 'testing', include: ['test/testing/**/*.test.ts'], ...ofDist } },
      { test: { name: 'e2e', include: ['test/e2e/**/*.test.ts'], ...ofDist } },
    ],
  },
});
