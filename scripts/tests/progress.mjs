// A reporter of vitest: says now and then how much of the run is done, and how many minutes are left.
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

const INTERVAL_MS = 30_000;
/** Those of a file that is not known. */
const UNKNOWN_SECONDS = 2;
/** Before that, the speed of this run is not known. */
const LEAST_SHARE = 0.05;

export default class Progress {
  onInit({ config: { root } }) {
    this.root = root;
    this.seconds = JSON.parse(readFileSync(process.env.VMLET_TEST_DURATIONS, 'utf8'));
  }

  onTestRunStart(specifications) {
    this.start = this.printed = performance.now();
    this.done = 0;
    this.files = specifications.length;
    this.total = specifications.reduce((sum, { moduleId }) => sum + this.expected(moduleId), 0);
    this.left = this.total;
  }

  onTestModuleEnd({ moduleId }) {
    this.done += 1;
    this.left -= this.expected(moduleId);
    const now = performance.now();
    if (now - this.printed < INTERVAL_MS) return;
    this.printed = now;
    const share = 1 - this.left / this.total;
    const minutes = Math.ceil((((now - this.start) / share) * (1 - share)) / 60_000);
    const time = share < LEAST_SHARE ? '' : `, about ${minutes} min left`;
    process.stdout.write(`\n${process.env.VMLET_TEST_RUN}: ${this.done} of ${this.files} files${time}\n`);
  }

  expected(moduleId) {
    return this.seconds[relative(this.root, moduleId)] ?? UNKNOWN_SECONDS;
  }
}
