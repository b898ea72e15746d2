// All checks that need no guest. One run reports all problems: a failed check stops no other.
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs';
import { availableParallelism, homedir } from 'node:os';
import { join } from 'node:path';
import { packageDigest } from './check/package-digest.mjs';

const root = join(import.meta.dirname, '..');
// The caches of this checkout, where npm ci does not remove them.
const kept = join(
  process.env.VMLET_TEST_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'vmlet-test'),
  'checks',
  createHash('sha256').update(root).digest('hex').slice(0, 16),
);

mkdirSync(kept, { recursive: true });
const libraryTypes = join(kept, 'check.json');
const pageTypes = join(kept, 'page.json');
const linted = join(kept, 'lint.json');

// The slowest start first.
const checks = [
  // Without a record all files are linted, and the types are known long before it ends.
  check(
    'lint',
    'node',
    ['scripts/check/lint.mjs', linted, libraryTypes, pageTypes],
    existsSync(linted) ? ['types', 'types of the page'] : [],
  ),
  check('build', 'node', ['scripts/build.mjs']),
  check('types', 'tsc', ['-p', 'tsconfig.json', '--incremental', '--tsBuildInfoFile', libraryTypes]),
  check('types of the page', 'tsc', [
    '-p',
    'page/tsconfig.json',
    '--incremental',
    '--tsBuildInfoFile',
    pageTypes,
  ]),
  check('formatting', 'prettier', [
    '--check',
    '--log-level=warn',
    '--cache',
    '--cache-strategy=content',
    `--cache-location=${join(kept, 'prettier.json')}`,
    '.',
  ]),
  check('dead code', 'knip', ['--no-progress']),
  check('layers', 'depcruise', [
    'src',
    'page',
    '--config',
    '.dependency-cruiser.cjs',
    '--output-type',
    'err',
  ]),
  check('shell scripts', 'shellcheck', shellScripts()),
  check('licences', 'node', ['scripts/check/licences.mjs']),
  check('folders', 'node', ['scripts/check/folders.mjs']),
  check('circles of C files', 'node', ['scripts/check/c-circles.mjs']),
  check('words', 'node', ['scripts/check/words.mjs']),
  ofPackage('reference', 'node', ['scripts/generate/reference.mjs', '--check']),
  ofPackage('package shape', 'publint', ['--strict']),
  ofPackage('package types', 'attw', ['--pack', '.', '--profile', 'esm-only', '--quiet']),
];

function check(name, program, args, after = []) {
  return { name, program, args, after };
}

let builtDigest;

/** Returns the digest of the package, once it is built. */
function builtPackage() {
  builtDigest ??= packageDigest(root);
  return builtDigest;
}

/** A check of the package’s interface, which is repeated only when that changes. */
function ofPackage(name, program, args) {
  return { name, program, args, after: ['build'], subject: builtPackage };
}

/** Tracked files with a shell in the first line, and files that shells source. */
function shellScripts() {
  const files = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' })
    .split('\0')
    .filter(Boolean);
  return files.filter(
    (path) => path.endsWith('.bash') || /^#!.*\b(ba|da)?sh\b/.test(firstLine(join(root, path))),
  );
}

function firstLine(path) {
  const file = openSync(path, 'r');
  try {
    const start = Buffer.alloc(80);
    return start.toString('latin1', 0, readSync(file, start)).split('\n')[0];
  } finally {
    closeSync(file);
  }
}

/** Resolves to true if the check passed; prints the output of a failed check. */
async function run({ name, program, args, subject: subjectOf }) {
  const start = performance.now();
  const record = join(kept, `${name}.passed`);
  const subject = subjectOf?.();
  if (subject !== undefined && existsSync(record) && readFileSync(record, 'utf8') === subject) {
    process.stdout.write(`ok     ${name} (as before)\n`);
    return true;
  }
  const PATH = `${join(root, 'node_modules/.bin')}:${process.env.PATH}`;
  const child = spawn(program, args, {
    cwd: root,
    env: { ...process.env, PATH },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => output.push(chunk));
  const [ok, problem] = await new Promise((resolve) => {
    child.once('error', (error) => resolve([false, whyNotStarted(program, error)]));
    child.once('close', (status) => resolve([status === 0, Buffer.concat(output).toString()]));
  });
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  if (ok && subject !== undefined) writeFileSync(record, subject);
  process.stdout.write(`${ok ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)\n${ok ? '' : `${problem}\n`}`);
  return ok;
}

function whyNotStarted(program, error) {
  if (error.code !== 'ENOENT') return `${program} does not start: ${error.message}`;
  return `${program} is not installed: run npm ci and scripts/install-needs test`;
}

const waiting = [...checks];
const passed = new Map();

/** Runs the checks whose predecessors have ended. A check fails with its predecessor. */
async function work() {
  for (;;) {
    const at = waiting.findIndex(({ after }) => after.every((name) => passed.has(name)));
    if (at === -1) return;
    const [next] = waiting.splice(at, 1);
    const possible = next.after.every((name) => passed.get(name));
    passed.set(next.name, possible && (await run(next)));
  }
}

const workers = Array.from({ length: Math.max(2, availableParallelism()) }, work);
await Promise.all(workers);
// Checks that waited for the build of another worker.
await work();

const failed = checks.filter(({ name }) => !passed.get(name)).map(({ name }) => name);
if (failed.length > 0) {
  process.stdout.write(`\n${failed.length} of ${checks.length} checks failed: ${failed.join(', ')}\n`);
  process.exitCode = 1;
}
