// Runs the tests as CI does. A failed file is run again, alone; if it passes, its tests are flaky: the run passes and
// its last lines name them. In CI an unexpected skip fails the run. `--flaky` names the flaky tests of the last run.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join, relative } from 'node:path';
import { expectedSeconds, keepDurations } from './durations.mjs';
import { expectedSkips } from './expected-skips.mjs';
import { knownFlaky } from './known-flaky.mjs';
import { USAGE, choose, readFiles } from './selection.mjs';

/** More failed files than this have a common cause, which is not flakiness. */
const MOST_FLAKY_FILES = 2;
const root = join(import.meta.dirname, '../..');
const results = process.env.VMLET_TEST_RESULTS ?? join(root, 'test-results');
/** A line for each leftover, crash and unhandled error of the run. */
const guards = join(results, 'guards.txt');
const secondsFile = join(results, 'expected-seconds.json');
const flakyFile = join(results, 'flaky.json');
const words = process.argv.slice(2);
let signal;

mkdirSync(results, { recursive: true });
if (words[0] === '--flaky')
  printFlaky(existsSync(flakyFile) ? JSON.parse(readFileSync(flakyFile, 'utf8')) : []);
else if (words.includes('--help')) process.stdout.write(USAGE);
else process.exitCode = await main();

async function main() {
  let selection;
  try {
    selection = choose(
      words.filter((word) => word !== '--dry-run'),
      root,
    );
  } catch (error) {
    process.stderr.write(`npm test: ${error.message}\n`);
    return 2;
  }
  if (words.includes('--dry-run')) {
    say(`${selection.name}, without:`);
    for (const file of selection.leftOut) say(file);
    return 0;
  }
  process.env.VMLET_TEST_RUN = selection.name;
  writeFileSync(secondsFile, JSON.stringify(expectedSeconds(readFiles(root))));
  say(`running: ${selection.name}`);
  const status = await runTests(selection);
  return signal === undefined ? status : 128 + constants.signals[signal];
}

async function runTests({ name, options: own, leftOut }) {
  const options = [...own, ...leftOut.map((file) => `--exclude=${file}`)];
  // After a failed run, that of an earlier one would mislead.
  rmSync(flakyFile, { force: true });
  const whole = await runVitest('tests', options);
  if (whole.report === undefined) return 1;
  keepDurationsOf(whole.report);
  const { flaky, again } = whole.status === 0 ? { flaky: [], again: [] } : await runAgain(whole, options);
  say(`ran: ${name}`);
  if (leftOut.length > 0)
    say(`left out: ${leftOut.length} files of other slices (scripts/tests/files.json); --all runs them`);
  // A failed hook skips the tests of its file.
  const first = whole.report.testResults.filter(({ name }) => !again.some((one) => one.name === name));
  const skips = namesTests(options) ? 0 : printSkips([...first, ...again]);
  if (flaky === undefined) return 1;
  writeFileSync(flakyFile, `${JSON.stringify(flaky, undefined, 2)}\n`);
  printFlaky(flaky);
  return process.env.CI && skips > 0 ? 1 : 0;
}

function printFlaky(flaky) {
  for (const { file, test, error } of flaky) {
    const known = knownFlaky.find((one) => one.file === file && one.test === test);
    say(`FLAKY ${file} > ${test}: ${error}${known ? ` (known since ${known.date})` : ''}`);
  }
}

/** @returns the flaky tests, undefined if the run failed, and the results of the files that were run again. */
async function runAgain({ report, problems }, options) {
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
    const one = await runVitest('again', [...withoutFiles, file]);
    if (one.status !== 0) return { again };
    again.push(...one.report.testResults);
  }
  return { flaky: failures, again };
}

/** With -t, vitest reports every other test as skipped. */
function namesTests(options) {
  return options.some((option) => /^(-t|--testNamePattern)/.test(option));
}

async function runVitest(name, options) {
  const output = join(results, `${name}.json`);
  for (const path of [output, guards]) rmSync(path, { force: true });
  const reporter = (file) => `--reporter=${join(import.meta.dirname, file)}`;
  const vitest = spawn(
    join(root, 'node_modules/.bin/vitest'),
    [
      'run',
      '--reporter=default',
      '--reporter=json',
      reporter('unhandled-errors.mjs'),
      reporter('progress.mjs'),
      `--outputFile=${output}`,
      ...options,
    ],
    {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, VMLET_TEST_GUARDS: guards, VMLET_TEST_DURATIONS: secondsFile },
    },
  );
  const status = await endOf(vitest);
  const report = existsSync(output) ? JSON.parse(readFileSync(output, 'utf8')) : undefined;
  const problems = existsSync(guards) ? readFileSync(guards, 'utf8').split('\n').filter(Boolean) : [];
  return { status, report, problems };
}

/** Ctrl-C reaches both; other signals are passed on. */
async function endOf(child) {
  const stop = (name) => {
    signal = name;
    if (name !== 'SIGINT') child.kill(name);
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, stop);
  const status = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.off(name, stop);
  return status;
}

/** For the order of later runs. */
function keepDurationsOf({ testResults }) {
  // Not of files whose tests were all skipped.
  const ran = testResults.filter(({ startTime, endTime }) => endTime > startTime);
  const seconds = ran.map(({ name, startTime, endTime }) => [
    relative(root, name),
    Math.round((endTime - startTime) / 100) / 10,
  ]);
  try {
    keepDurations(Object.fromEntries(seconds), root);
  } catch (error) {
    say(`the durations of the tests were not kept: ${error.message}`);
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
