// Everything that can be wrong without running a guest; stops at nothing, so that one run shows all of it.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const checks = [
  ['types', 'npx', ['--no-install', 'tsc', '-p', 'tsconfig.json']],
  ['lint', 'npx', ['--no-install', 'eslint', '--max-warnings=0', '.']],
  [
    'layers',
    'npx',
    ['--no-install', 'depcruise', 'src', '--config', '.dependency-cruiser.cjs', '--output-type', 'err'],
  ],
  ['dead code', 'npx', ['--no-install', 'knip', '--no-progress']],
  ['formatting', 'npx', ['--no-install', 'prettier', '--check', '--log-level=warn', '.']],
  [
    'shell scripts',
    'shellcheck',
    [
      'scripts/quickstart',
      'scripts/test',
      'scripts/install-needs',
      'scripts/release',
      '.ci/run',
      'src/cli/completion-scripts/vmlet.bash',
      'fixtures/completion/vmlet',
      'fixtures/systemd/systemctl',
      'fixtures/systemd/loginctl',
      'fixtures/debian-guest/set-up',
      'fixtures/images/rpm-repository/make',
      'fixtures/images/rpm-repository/files-of-debian',
      'fixtures/images/rpm-repository/files-of-host',
      'src/images/build/common/run-script',
      'src/images/build/debian/configure',
      'src/images/build/debian/make-boot-loaders',
      'src/images/build/fedora/configure',
      'src/images/build/fedora/install-system',
      'src/images/build/fedora/make-boot-loaders',
      'src/images/build/fedora/root/etc/kernel/install.d/95-vmlet.install',
    ],
  ],
  ['build', 'node', ['scripts/build.mjs']],
  ['package shape', 'npx', ['--no-install', 'publint', '--strict']],
  ['package types', 'npx', ['--no-install', 'attw', '--pack', '.', '--profile', 'esm-only', '--quiet']],
  ['file table', 'node', ['scripts/check-agents-table.mjs']],
  ['licences', 'node', ['scripts/check-licences.mjs']],
];

const failed = [];
for (const [name, program, args] of checks) {
  const start = performance.now();
  const result = spawnSync(program, args, { cwd: root, encoding: 'utf8' });
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  const ok = result.status === 0;
  process.stdout.write(`${ok ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)\n`);
  if (!ok) {
    failed.push(name);
    process.stdout.write(`${result.error?.message ?? ''}${result.stdout}${result.stderr}\n`);
  }
}
if (failed.length > 0) {
  process.stdout.write(`\n${failed.length} of ${checks.length} checks failed: ${failed.join(', ')}\n`);
  process.exitCode = 1;
}
