// Runs the tests as CI does. A failed file is run again, alone; if it passes, its tests are flaky: the run passes and
// its last lines name them. In CI an unexpected skip fails the run.
// usage: run-tests.mjs [vitest's options]
//        run-tests.mjs --flaky (names the flaky tests of the last run)
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, relative } from 'node:path';
import { expectedSkips } from './expected-skips.mjs';

/** More failed files than this have a common cause, which is not flakiness. */
const MOST_FLAKY_FILES = 2;
const root = join(import.meta.dirname, '..');
const results = process.env.VMLET_TEST_RESULTS ?? join(root, 'test-results');
/** A line for each leftover, crash and unhandled error of the run. */
const guards = join(results, 'guards.txt');
const cache =
  process.env.VMLET_TEST_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'vmlet-test');
/** The seconds of each test file in earlier runs, where npm ci does not remove them. */
const durations = join(cache, 'durations.json');

const flakyFile = join(results, 'flaky.json');

mkdirSync(results, { recursive: true });
if (process.argv[2] === '--flaky')
  printFlaky(existsSync(flakyFile) ? JSON.parse(readFileSync(flakyFile, 'utf8')) : []);
else process.exitCode = main(process.argv.slice(2));

function main(options) {
  // After a failed run, that of an earlier one would mislead.
  rmSync(flakyFile, { force: true });
  const whole = runVitest('tests', options);
  if (whole.report === undefined) return 1;
  keepDurations(whole.report);
  const { flaky, again } = whole.status === 0 ? { flaky: [], again: [] } : runAgain(whole, options);
  // A failed hook skips the tests of its file.
  const first = whole.report.testResults.filter(({ name }) => !again.some((one) => one.name === name));
  const skips = namesTests(options) ? 0 : printSkips([...first, ...again]);
  if (flaky === undefined) return 1;
  writeFileSync(flakyFile, `${JSON.stringify(flaky, undefined, 2)}\n`);
  printFlaky(flaky);
  return process.env.CI && skips > 0 ? 1 : 0;
}

function printFlaky(flaky) {
  for (const { file, test, error } of flaky) say(`FLAKY ${file} > ${test}: ${error}`);
}

/** @returns the flaky tests, undefined if the run failed, and the results of the files that were run again. */
function runAgain({ report, problems }, options) {
  const failures = failuresIn(report);
  const files = [...new Set(failures.map(({ file }) => file))];
  // A test that fails may leave a promise that nobody awaits, and that is rejected later.
  const ofFailures = files.map((file) => `unhandled error in ${join(root, file)}`);
  const hasOthers = problems.some((problem) => !ofFailures.includes(problem));
  if (hasOthers || files.length === 0 || files.length > MOST_FLAKY_FILES) return { again: [] };
  const again = [];
  // Vitest runs all files that are named.
  const withoutFiles = options.filter(
    (word, index) => !/\.test\.\w+$/.test(word) || options[index - 1] === '--exclude',
  );
  for (const file of files) {
    say(`\n${file} failed: it is run once more, alone`);
    const one = runVitest('again', [...withoutFiles, file]);
    if (one.status !== 0) return { again };
    again.push(...one.report.testResults);
  }
  return { flaky: failures, again };
}

/** With -t, vitest reports every other test as skipped. */
function namesTests(options) {
  return options.some((option) => /^(-t|--testNamePattern)/.test(option));
}

function runVitest(name, options) {
  const output = join(results, `${name}.json`);
  for (const path of [output, guards]) rmSync(path, { force: true });
  const { status } = spawnSync(
    join(root, 'node_modules/.bin/vitest'),
    [
      'run',
      '--reporter=default',
      '--reporter=json',
      `--reporter=${join(import.meta.dirname, 'unhandled-errors.mjs')}`,
      `--outputFile=${output}`,
      ...options,
    ],
    {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, VMLET_TEST_GUARDS: guards, VMLET_TEST_DURATIONS: durations },
    },
  );
  const report = existsSync(output) ? JSON.parse(readFileSync(output, 'utf8')) : undefined;
  const problems = existsSync(guards) ? readFileSync(guards, 'utf8').split('\n').filter(Boolean) : [];
  return { status, report, problems };
}

/** For the order of later runs. */
function keepDurations({ testResults }) {
  const seconds = earlierDurations();
  for (const { name, startTime, endTime } of testResults) {
    const file = relative(root, name);
    // Not of files whose tests were all skipped, or that have been removed.
    if (endTime > startTime) seconds[file] = Math.round((endTime - startTime) / 100) / 10;
  }
  const kept = Object.entries(seconds).filter(([file]) => existsSync(join(root, file)));
  const written = `${durations}.${process.pid}`;
  try {
    mkdirSync(cache, { recursive: true });
    writeFileSync(written, JSON.stringify(Object.fromEntries(kept)));
    renameSync(written, durations);
  } catch (error) {
    say(`the durations of the tests were not kept: ${error.message}`);
  }
}

function earlierDurations() {
  try {
    return { ...JSON.parse(readFileSync(durations, 'utf8')) };
  } catch {
    return {};
  }
}

/** A file that fails to load has no test names. */
function failuresIn({ testResults }) {
  return testResults
    .filter(({ status }) => status === 'failed')
    .flatMap(({ name, message, assertionResults }) => {
      const file = relative(root, name);
      const tests = assertionResults.filter(({ status }) => status === 'failed');
      if (tests.length === 0) return [{ file, test: '(the file)', error: firstLine(message) }];
      return tests.map(({ fullName, failureMessages }) => ({
        file,
        test: fullName,
        error: firstLine(failureMessages[0] ?? ''),
      }));
    });
}

/** Prints the number of skipped tests by reason. @returns the number of unexpected skips and of stale expectations. */
function printSkips(testResults) {
  const counts = new Map();
  const unexpected = [];
  for (const { name, assertionResults } of testResults) {
    const file = relative(root, name);
    for (const { fullName } of assertionResults.filter(({ status }) => isSkipped(status))) {
      const reason = expectedSkips.find(
        (it) => it.file.test(file) && (it.test?.test(fullName) ?? true),
      )?.reason;
      if (reason === undefined) unexpected.push(`${file} > ${fullName}`);
      else counts.set(reason, (counts.get(reason) ?? 0) + 1);
    }
  }
  for (const [reason, count] of counts) say(`skipped ${count}: ${reason}`);
  for (const test of unexpected) say(`skipped for no known reason: ${test}`);
  const stale = staleSkips(testResults);
  for (const { file, test } of stale) say(`expected skip of no test: ${file} ${test}`);
  return unexpected.length + stale.length;
}

/** A renamed test would fail a run only on the hosts where it is skipped. Each entry with a test is of one file. */
function staleSkips(testResults) {
  return expectedSkips.filter(({ file, test, existsWhereSkipped }) => {
    if (test === undefined || existsWhereSkipped) return false;
    const results = testResults.filter(({ name }) => file.test(relative(root, name)));
    const names = results.flatMap(({ assertionResults }) => assertionResults.map(({ fullName }) => fullName));
    return names.length > 0 && !names.some((name) => test.test(name));
  });
}

function isSkipped(status) {
  return status === 'skipped' || status === 'pending';
}

function firstLine(text) {
  return text.split('\n')[0];
}

function say(line) {
  process.stdout.write(`${line}\n`);
}
