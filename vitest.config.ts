import { defineConfig } from 'vitest/config';

const GENEROUS_MS = 120_000;

export default defineConfig({
  test: {
    globalSetup: ['test/leftovers.ts'],
    projects: [
      { extends: true, test: { name: 'unit', include: ['test/unit/**/*.test.ts'], testTimeout: 30_000 } },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          testTimeout: GENEROUS_MS,
          hookTimeout: GENEROUS_MS,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: GENEROUS_MS,
          hookTimeout: GENEROUS_MS,
          fileParallelism: false,
        },
      },
    ],
  },
});
