import { describe, expect, test } from 'vitest';
import { cloudInitFailure } from '../../../../src/guest/cloud-init/cloud-init-failure.ts';
import {
  type CloudInitFindings,
  cloudInitStatus,
  describeCloudInitProgress,
} from '../../../../src/guest/cloud-init/cloud-init-status.ts';

/** The contents of a guest’s files, as cloud-init 25.1 of Debian 13 writes them. */
const NOT_BEGUN: CloudInitFindings = {
  installed: true,
  disabled: '',
  statusJson: '',
  resultJson: '',
  system: 'initializing',
  failedUnits: [],
  module: '',
  output: '',
};

interface Stage {
  readonly errors?: readonly string[];
  readonly recoverable_errors?: Readonly<Record<string, readonly string[]>>;
}

function statusJson(stage: string | null, stages: Readonly<Record<string, Stage>> = {}): string {
  const all = ['init-local', 'init', 'modules-config', 'modules-final'].map((name): [string, object] => [
    name,
    { errors: [], recoverable_errors: {}, start: 1, finished: 2, ...stages[name] },
  ]);
  const v1 = { datasource: 'DataSourceNoCloud [seed=/dev/vdb]', stage, ...Object.fromEntries(all) };
  return JSON.stringify({ v1 });
}

function ended(
  errors: readonly string[] = [],
  stages: Readonly<Record<string, Stage>> = {},
): CloudInitFindings {
  return {
    ...NOT_BEGUN,
    system: 'running',
    statusJson: statusJson(null, stages),
    resultJson: JSON.stringify({ v1: { datasource: 'DataSourceNoCloud', errors } }),
  };
}

const RUNCMD_ERROR =
  "('scripts-user', RuntimeError('Runparts: 1 failures (runcmd) in 1 attempted commands'))";
const RUNCMD_WARNINGS = [
  'Failed to run module scripts-user (scripts in /var/lib/cloud/instance/scripts)',
  "Running module scripts-user (<module 'cloudinit.config.cc_scripts_user' from '/usr/lib/x.py'>) failed",
];
const OUTPUT = `Cloud-init v. 25.1.4 running 'init-local' at Tue, 24 Nov 2026 10:27:13 +0000. Up 9.86 seconds.
Cloud-init v. 25.1.4 running 'modules:final' at Tue, 24 Nov 2026 10:28:24 +0000. Up 16.09 seconds.
an earlier boot
Cloud-init v. 25.1.4 finished at Tue, 24 Nov 2026 10:28:26 +0000. Datasource DataSourceNoCloud.  Up 16.82 seconds
Cloud-init v. 25.1.4 running 'init-local' at Wed, 25 Nov 2026 10:27:13 +0000. Up 93.86 seconds.
ci-info: +--------+------+-----------+-----------+-------+------------+
Cloud-init v. 25.1.4 running 'modules:final' at Wed, 25 Nov 2026 10:28:24 +0000. Up 165.09 seconds.
hello
10 %\r90 %\r
\u001b[31mls: cannot access '/nonexistent'\u001b[0m: No such\u0007 file or directory
2026-11-25 10:28:25,629 - cc_scripts_user.py[WARNING]: Failed to run module scripts-user
Cloud-init v. 25.1.4 finished at Wed, 25 Nov 2026 10:28:26 +0000. Datasource DataSourceNoCloud.  Up 166.82 seconds
Generating public/private ed25519 key pair.
`;

describe('the state of cloud-init', () => {
  test.each([
    ['absent', undefined, { ...NOT_BEGUN, installed: false }],
    ['waiting', undefined, NOT_BEGUN],
    ['waiting', undefined, { ...NOT_BEGUN, system: 'starting' }],
    ['disabled', 'disabled by a file', { ...NOT_BEGUN, disabled: 'disabled by a file' }],
    ['disabled', 'the system booted without starting cloud-init', { ...NOT_BEGUN, system: 'running' }],
    ['disabled', 'the system booted without starting cloud-init', { ...NOT_BEGUN, system: 'degraded' }],
    ['running', undefined, { ...NOT_BEGUN, statusJson: statusJson('init') }],
    // A partly written status does not count.
    ['waiting', undefined, { ...NOT_BEGUN, statusJson: statusJson('init').slice(0, 40) }],
    ['done', undefined, ended()],
    // Without systemd, nothing reports that the system has booted.
    ['done', undefined, { ...ended(), system: '' }],
    ['failed', undefined, ended([RUNCMD_ERROR])],
    // Its last stage still runs: earlier failures are reported with the rest.
    ['running', undefined, { ...ended([], { init: { errors: ['x'] } }), resultJson: '', system: 'starting' }],
  ] as const)('%s (%s)', (state, reason, found) => {
    expect(cloudInitStatus(found)).toMatchObject({ state, reason });
  });

  test('names a failed module once, and includes the output of its program', () => {
    const stages = {
      'modules-final': { errors: [RUNCMD_ERROR], recoverable_errors: { WARNING: RUNCMD_WARNINGS } },
    };
    const status = cloudInitStatus({ ...ended([RUNCMD_ERROR], stages), system: 'degraded', output: OUTPUT });
    expect(status).toEqual({
      state: 'failed',
      reason: undefined,
      stage: undefined,
      module: undefined,
      problems: [
        { module: 'scripts-user', problem: 'Runparts: 1 failures (runcmd) in 1 attempted commands' },
      ],
      warnings: [],
      output: ['hello', '90 %', "ls: cannot access '/nonexistent': No such file or directory"],
    });
    expect(cloudInitFailure(status, 'the guest of web')?.message).toBe(
      'cloud-init failed in the guest of web: scripts-user (the commands of the first boot): ' +
        'Runparts: 1 failures (runcmd) in 1 attempted commands',
    );
  });

  test('shows the message of an exception on one line', () => {
    const error =
      "('package_update_upgrade_install', ProcessExecutionError(\"Unexpected error while running command.\\n" +
      "Command: ['apt-get', 'install', 'nosuch']\\nExit code: 100\\nReason: -\"))";
    expect(cloudInitStatus(ended([error, 'Not a tuple\nat all'])).problems).toEqual([
      {
        module: 'package_update_upgrade_install',
        problem:
          "Unexpected error while running command. Command: ['apt-get', 'install', 'nosuch'] Exit code: 100 Reason: -",
      },
      { module: undefined, problem: 'Not a tuple at all' },
    ]);
    expect(cloudInitStatus(ended([`('x', E('${'a'.repeat(5000)}'))`])).problems[0]?.problem).toHaveLength(
      301,
    );
  });

  test('reports unreadable user-data as a failure, and a deprecation as a warning', () => {
    const lost =
      'Failed loading yaml blob. Invalid format at line 2 column 1: "mapping values are not allowed"';
    const deprecated = 'Config key x is deprecated in 22.2';
    const status = cloudInitStatus(
      ended([], { init: { recoverable_errors: { WARNING: [lost, lost], DEPRECATED: [deprecated] } } }),
    );
    expect(status).toMatchObject({ state: 'failed', warnings: [deprecated] });
    expect(status.problems).toEqual([{ module: undefined, problem: lost }]);
    const harmless = ended([], { init: { recoverable_errors: { DEPRECATED: [deprecated] } } });
    expect(cloudInitStatus(harmless)).toMatchObject({ state: 'done', warnings: [deprecated] });
  });

  test('is failed if cloud-init was killed, even without an error', () => {
    const killed = { ...ended(), resultJson: '', system: 'degraded', failedUnits: ['cloud-final.service'] };
    expect(cloudInitFailure(cloudInitStatus(killed), 'web')?.message).toBe(
      'cloud-init failed in web: cloud-final.service failed without reporting a reason',
    );
  });
});

test.each([
  ['not started yet', NOT_BEGUN],
  ['between two stages', { ...NOT_BEGUN, statusJson: statusJson(null) }],
  ['modules-config', { ...NOT_BEGUN, statusJson: statusJson('modules-config'), output: 'x' }],
  [
    'modules-final, package_update_upgrade_install (packages): Setting up nginx',
    {
      ...NOT_BEGUN,
      statusJson: statusJson('modules-final'),
      module: 'package_update_upgrade_install',
      output: "Cloud-init v. 25 running 'modules:final' at x\nUnpacking nginx\nSetting up nginx\n",
    },
  ],
])('progress is shown as %j', (words, found) => {
  expect(describeCloudInitProgress(cloudInitStatus(found))).toBe(words);
});

test.each([
  ['web has no cloud-init', { ...NOT_BEGUN, installed: false }],
  [
    'cloud-init does not run in web: the system booted without starting cloud-init',
    { ...NOT_BEGUN, system: 'running' },
  ],
  [undefined, NOT_BEGUN],
  [undefined, ended()],
])('error: %j', (message, found) => {
  expect(cloudInitFailure(cloudInitStatus(found), 'web')?.message).toBe(message);
});

test.each([
  ["the kernel's command line contains cloud-init=disabled", /remove cloud-init=disabled/],
  ['/etc/cloud/cloud-init.disabled exists', /remove this file in the guest/],
  ['cloud-init found no data source at this boot', /--cloud-init/],
])('the hint fits the reason: %s', (disabled, hint) => {
  expect(cloudInitFailure(cloudInitStatus({ ...NOT_BEGUN, disabled }), 'web')?.hint).toMatch(hint);
});
