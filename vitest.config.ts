import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { relative } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const GENEROUS_MS = 120_000;
/** Guests boot slowly without KVM, beside those of another file. */
const WITH_GUESTS_MS = 300_000;
// The unit tests import sources alone and need no build.
const ofDist = { globalSetup: ['test/built.ts'], testTimeout: GENEROUS_MS, hookTimeout: GENEROUS_MS };
const withGuests = { ...ofDist, testTimeout: WITH_GUESTS_MS, hookTimeout: WITH_GUESTS_MS };

/**
 * Long files first, else the last one runs alone: by the durations that `npm test` names, or those of systems. Unit tests
 * share a process, and come last.
 */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const seconds = expectedSeconds(process.env['VMLET_TEST_DURATIONS']);
    const rank = ({ project: { name } }: TestSpecification): number =>
      name === 'unit' ? 2 : seconds === undefined && name !== 'systems' ? 1 : 0;
    const expected = ({ moduleId }: TestSpecification): number =>
      seconds?.[relative(import.meta.dirname, moduleId)] ?? 0;
    return sorted.sort((a, b) => rank(a) - rank(b) || expected(b) - expected(a));
  }
}

/** Undefined without a readable file: the order matters only for the time that a run takes. */
function expectedSeconds(path: string | undefined): Readonly<Record<string, number>> | undefined {
  if (path === undefined) return undefined;
  try {
    return { ...(JSON.parse(readFileSync(path, 'utf8')) as object) };
  } catch {
    return undefined;
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    // Once for all projects: afterwards it looks for what was left behind and what crashed.
    globalSetup: ['test/guards/run.ts'],
    // One processor less, which vitest has by default, would be half of them in CI. With three files on two processors,
    // tests with guests fail: their time limits are for fewer.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    coverage: { include: ['src/**/*.ts'], exclude: ['**/*.gen.ts'], reporter: ['text-summary', 'html'] },
    projects: [
      // They share a process, since most of their time would be for loading the sources anew for each file.
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'], testTimeout: 30_000, isolate: false } },
      { test: { name: 'integration', include: ['test/integration/**/*.test.ts'], ...ofDist } },
      { test: { name: 'systems', include: ['test/systems/**/*.test.ts'], ...withGuests } },
      { test: { name: 'testing', include: ['test/testing/**/*.test.ts'], ...withGuests } },
      { test: { name: 'e2e', include: ['test/e2e/**/*.test.ts'], ...withGuests } },
    ],
  },
});
