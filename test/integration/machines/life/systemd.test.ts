import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MachineStore } from '../../../../src/machines/index.ts';
import { systemdUnit, systemdUnitName } from '../../../../src/machines/life/systemd-unit.ts';
import { temporaryDirectory } from '../../../directory.ts';
import { VMLET, start } from '../../../e2e/command.ts';

const STAND_INS = join(import.meta.dirname, '../../../../fixtures/host/systemd');
const SYSTEMD = ['/usr/lib/systemd/systemd', '/lib/systemd/systemd'].find((path) => existsSync(path));

if (SYSTEMD === undefined) process.stderr.write('skipped: systemd units, as systemd is not installed\n');

const directory = temporaryDirectory();
const config = join(directory, 'the config');
const units = join(config, 'systemd', 'user');
const unit = join(units, 'vmlet-web.service');
const link = join(units, 'default.target.wants', 'vmlet-web.service');
const asked = join(directory, 'asked');
const environment = {
  XDG_CONFIG_HOME: config,
  XDG_DATA_HOME: join(directory, 'data'),
  XDG_STATE_HOME: join(directory, 'state'),
  XDG_CACHE_HOME: join(directory, 'cache'),
  // The host’s service manager must be unreachable.
  XDG_RUNTIME_DIR: directory,
  DBUS_SESSION_BUS_ADDRESS: '',
  PATH: `${STAND_INS}${delimiter}${process.env['PATH'] ?? ''}`,
  SYSTEMCTL_ASKED: asked,
  USER_MANAGER: 'running',
  LINGER: 'no',
};

async function systemd(args: string[], more: NodeJS.ProcessEnv = {}) {
  return start(['systemd', ...args], { env: { ...environment, ...more } }).finished;
}

const questions = (): string[] => readFileSync(asked, 'utf8').trim().split('\n');

beforeAll(async () => {
  const iso = join(directory, 'empty.iso');
  writeFileSync(iso, Buffer.alloc(2048));
  const store = new MachineStore({ ...process.env, ...environment });
  await store.create({ name: 'web', iso });
  await store.create({ name: 'job', iso, command: { argv: ['true'], remove: true } });
});

beforeEach(() => writeFileSync(asked, ''));

describe.skipIf(SYSTEMD === undefined)('vmlet systemd', () => {
  it('writes the unit, enables it, and reports that the user needs lingering', async () => {
    const { status, stdout, stderr } = await systemd(['install', 'web']);
    expect(stdout).toBe(`${unit}\n`);
    expect(stderr).toMatch(/loginctl enable-linger \S+\n/);
    expect(status).toBe(0);
    expect(readlinkSync(link)).toContain('vmlet-web.service');
    expect(questions()).toEqual([
      '--user is-system-running',
      '--user daemon-reload',
      '--user enable vmlet-web.service',
    ]);
    expect(readFileSync(unit, 'utf8')).toContain(`Environment="XDG_CONFIG_HOME=${config}"\n`);
    expect(readFileSync(unit, 'utf8')).toContain(`${VMLET} start web\n`);
    // It would start a machine of the old name.
    const renamed = await start(['rename', 'web', 'db'], { env: environment }).finished;
    expect(renamed.status).toBe(125);
    expect(renamed.stderr).toContain(
      'with your changes to it: vmlet systemd uninstall web; after the rename',
    );
  });

  it('is refused for a machine that is removed after its command', async () => {
    const { status, stderr } = await systemd(['install', 'job']);
    expect(stderr).toContain('"job" cannot have a systemd unit: it was created with --rm');
    expect(status).toBe(125);
  });

  it('can be repeated, and does not mention lingering if it is on', async () => {
    const { status, stderr } = await systemd(['install', 'web'], { LINGER: 'yes' });
    expect(stderr).not.toMatch(/linger/);
    expect(status).toBe(0);
  });

  it('removes it', async () => {
    const { status, stdout } = await systemd(['uninstall', 'web']);
    expect([status, stdout]).toEqual([0, `${unit}\n`]);
    expect([existsSync(unit), existsSync(link)]).toEqual([false, false]);
    expect(questions()).toContain('--user disable vmlet-web.service');
    expect((await systemd(['uninstall', 'web'])).stderr).toMatch(/"web" has no systemd unit/);
  });

  it.each([[{ USER_MANAGER: 'offline' }], [{ PATH: directory }]])(
    'prints the unit without a user manager: %j',
    async (where) => {
      const { status, stdout, stderr } = await systemd(['install', 'web'], where);
      expect(stdout).toBe((await systemd(['print', 'web'])).stdout);
      expect(stdout).toMatch(/^\[Unit\]\n/);
      expect(stderr).toMatch(/the systemd user manager is not running/);
      expect(stderr).toContain(unit);
      expect(status).toBe(125);
      expect(existsSync(unit)).toBe(false);
    },
  );

  it('leaves no unit that could not be enabled', async () => {
    const { status, stderr } = await systemd(['install', 'web'], { USER_MANAGER: 'maintenance' });
    expect(stderr).toMatch(/Failed to reload daemon/);
    expect(status).toBe(125);
    expect(existsSync(unit)).toBe(false);
  });

  it('removes the unit even without a user manager', async () => {
    await systemd(['install', 'web']);
    expect((await systemd(['uninstall', 'web'], { USER_MANAGER: 'offline' })).status).toBe(0);
    expect([existsSync(unit), existsSync(link)]).toEqual([false, false]);
  });

  it.each([['install'], ['print']])('cannot %s an unknown machine', async (verb) => {
    const { status, stderr } = await systemd([verb, 'nobody']);
    expect(stderr).toMatch(/nobody/);
    expect(status).toBe(125);
  });
});

/**
 * The unit as systemd understands it: `systemd --user --test` reads all units and shows them; undefined if it
 * does not run on the host’s control groups.
 */
function asSystemdReadsIt(home: string, name: string): string | undefined {
  const asNobody =
    process.getuid?.() === 0 ? ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'] : [];
  const args = [...asNobody, SYSTEMD ?? '', '--user', '--test', '--log-target=console'];
  const { status, stdout, stderr } = spawnSync('env', args, {
    env: {
      PATH: process.env['PATH'],
      HOME: home,
      XDG_CONFIG_HOME: join(home, 'config'),
      XDG_RUNTIME_DIR: join(home, 'run'),
    },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (/cgroup v1 hierarchy .* no longer supported/.test(stderr)) return undefined;
  expect(status, stderr).toBe(0);
  const [, found = ''] = stdout.split(`Unit ${name}:`);
  return found.split(/\n\t\S+ Unit /)[0] ?? '';
}

describe.skipIf(SYSTEMD === undefined)('the unit', () => {
  const home = join(directory, 'nobody');
  const odd = join(home, 'a b%c$d;é');
  const node = join(odd, 'node');
  const command = `/x y%h/"it's" \\/$HOME \${HOME}/vmlet.js`;
  const data = `/data "it's" 100%h \\ $HOME`;
  const text = (): string =>
    systemdUnit({
      machine: 'web-1',
      node,
      command,
      environment: { XDG_DATA_HOME: data, XDG_STATE_HOME: '/state' },
    });
  const folder = join(home, 'config', 'systemd', 'user');
  const path = join(folder, 'vmlet-web-1.service');

  beforeAll(() => {
    mkdirSync(join(folder, 'default.target.wants'), { recursive: true });
    mkdirSync(join(home, 'run'));
    mkdirSync(odd);
    symlinkSync(process.execPath, node);
    writeFileSync(path, text());
    symlinkSync(path, join(folder, 'default.target.wants', 'vmlet-web-1.service'));
    for (const each of [directory, home]) chmodSync(each, 0o755);
    chmodSync(join(home, 'run'), 0o777);
  });

  it('passes the check of systemd-analyze', () => {
    const { stderr, status } = spawnSync('systemd-analyze', ['verify', '--user', '--man=no', path], {
      env: { ...process.env, XDG_RUNTIME_DIR: join(home, 'run') },
      encoding: 'utf8',
    });
    expect([stderr, status]).toEqual(['', 0]);
  });

  it('is understood by systemd as intended', ({ skip }) => {
    const read = asSystemdReadsIt(home, 'vmlet-web-1.service');
    if (read === undefined)
      return skip('this systemd does not run on a host with control groups of version 1');
    expect(read).toContain(`Environment: XDG_DATA_HOME=${data}\n`);
    const lines = [...read.matchAll(/Command Line: (.*)/g)].map((match) => match[1] ?? '');
    // systemd shows command lines as a shell would read them.
    const words = lines.map((line) =>
      execFileSync('sh', ['-c', `printf '%s\\n' ${line}`], { encoding: 'utf8' })
        .trim()
        .split('\n'),
    );
    expect(words).toEqual([
      [node, command, 'start', 'web-1'],
      [node, command, 'stop', 'web-1'],
    ]);
    for (const setting of [
      'Type: notify',
      'NotifyAccess: all',
      'KillMode: mixed',
      'Restart: on-failure',
      'TimeoutStopSec: 2min 30s',
    ]) {
      expect(read).toContain(`${setting}\n`);
    }
  });

  it.each(['web', 'web-1', 'A9', 'x'.repeat(63)])(
    'has a name that systemd accepts unchanged: %s',
    (machine) => {
      const name = systemdUnitName(machine);
      expect(execFileSync('systemd-escape', ['--mangle', name], { encoding: 'utf8' })).toBe(`${name}\n`);
    },
  );
});
