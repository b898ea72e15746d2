import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hasAgent } from '../../../../src/machine/plan/seed-disk.ts';
import type { NamedPlan } from '../../../../src/machine/plan/named-plan.ts';
import { locate } from '../../../../src/machine/paths/locations.ts';
import { machineFiles } from '../../../../src/machines/record/machine-files.ts';
import { type SshRecord, writeSshRecord } from '../../../../src/machines/record/ssh-record.ts';
import { startFiles } from '../../../../src/machines/run/start/start-files.ts';
import type { MachineSpec } from '../../../../src/machines/spec/machine-spec.ts';
import { sshFiles, updateSshEndpoint, writeSshConfig } from '../../../../src/machines/ssh/ssh-files.ts';
import { type TemporaryDirectory, makeTemporaryDirectory } from '../../../directory.ts';
import { plainNamedPlan } from '../../machine/plan/plain-plan.ts';

let directory: TemporaryDirectory;
let locations: ReturnType<typeof locate>;
let files: ReturnType<typeof machineFiles>;

beforeEach(() => {
  directory = makeTemporaryDirectory();
  locations = locate({ XDG_DATA_HOME: join(directory.path, 'data') }, directory.path, 0);
  files = machineFiles(locations, 'web', '00000000');
  mkdirSync(files.ssh, { recursive: true });
});
afterEach(() => directory.remove());

const forwarded = {
  backend: 'passt-stream',
  forwards: [{ protocol: 'tcp', hostAddress: '127.0.0.1', hostPort: 2222, guestPort: 22, ephemeral: true }],
} as unknown as NamedPlan['network'];

/** The ssh configuration that a start writes; undefined for none. */
function configAtStart({
  record,
  boot = { kind: 'firmware' },
  isForwarded = true,
}: {
  record?: SshRecord;
  boot?: MachineSpec['boot'];
  isForwarded?: boolean;
} = {}): string | undefined {
  if (record) writeSshRecord(files.ssh, record);
  const spec = { name: 'web', sshUser: 'root', boot } as MachineSpec;
  const started = { plan: { ...plainNamedPlan, network: isForwarded ? forwarded : undefined }, helpers: [] };
  const written = startFiles(locations, { spec, files }, started);
  return written.find(({ path }) => path === sshFiles(files.ssh).config)?.text;
}

const BY_AGENT =
  /^ {2}ProxyCommand 'env' 'XDG_DATA_HOME=.*\/data' '.*' '.*\/vmlet\.js' 'ssh' '--stdio' 'web'$/m;

const NOWHERE = /^ {2}HostName "no-forward\.vmlet\.invalid"$/m;

describe('the ssh configuration that a start writes', () => {
  it('goes by the agent where the image or an earlier look knows one', () => {
    const config = configAtStart({ record: { byAgent: true } });
    expect(config).toMatch(BY_AGENT);
    expect(config).toMatch(/^ {2}Port 2222$/m);
  });

  it('goes by the agent of micro', () => {
    expect(configAtStart({ boot: { kind: 'image', image: 'micro' } })).toMatch(BY_AGENT);
  });

  it('needs no forward with the agent', () => {
    const config = configAtStart({ record: { byAgent: true }, isForwarded: false });
    expect(config).toMatch(BY_AGENT);
    // With ProxyCommand=none too, ssh must not connect to the host's own server.
    expect(config).toMatch(NOWHERE);
    expect(configAtStart({ record: {}, isForwarded: false })).toBe(undefined);
  });

  it('goes by the forward in other guests, and where the agent does not lead to the server', () => {
    for (const config of [
      configAtStart(),
      configAtStart({ record: { provisionedFor: 'root' } }),
      configAtStart({ record: { byAgent: false } }),
      configAtStart({ record: { byAgent: false }, boot: { kind: 'image', image: 'micro' } }),
    ]) {
      expect(config).toMatch(/^ {2}ProxyJump none$/m);
      expect(config).toMatch(/^ {2}HostName "127\.0\.0\.1"$/m);
      expect(config).not.toContain('ProxyCommand');
    }
  });

  it('does not depend on a broken record', () => {
    writeFileSync(join(files.ssh, 'record.json'), '{');
    expect(configAtStart()).toMatch(/^ {2}Port 2222$/m);
  });
});

it('is left as it is while no way to the server is known', () => {
  const spec = { name: 'web', sshUser: 'root', boot: { kind: 'firmware' } } as MachineSpec;
  const { config } = sshFiles(files.ssh);
  writeFileSync(config, 'of a bridge');
  writeSshConfig({ spec, files }, undefined);
  expect(configText()).toBe('of a bridge');
  writeSshRecord(files.ssh, { byAgent: true });
  writeSshConfig({ spec, files }, undefined);
  expect(configText()).toMatch(BY_AGENT);
});

describe('the ssh configuration of a running machine', () => {
  const definition = () => ({
    files,
    spec: { name: 'web', sshUser: 'root', boot: { kind: 'firmware' } } as MachineSpec,
  });
  const changePorts = (plan: Partial<NamedPlan>, wasForwarded: boolean): void => {
    writeFileSync(files.plan, JSON.stringify({ ...plainNamedPlan, ...plan }));
    updateSshEndpoint(definition(), wasForwarded);
  };
  const config = (): string => sshFiles(files.ssh).config;
  const bridges = [{ number: 0, descriptor: 6, mac: '52:54:00:00:00:01', mtu: 1500 }];

  it.each([true, false])('has the present forward (with the agent: %s)', (byAgent) => {
    writeSshRecord(files.ssh, { byAgent });
    writeFileSync(config(), 'of the start');
    changePorts({ network: forwarded }, false);
    expect(configText()).toMatch(/^ {2}HostName "127\.0\.0\.1"\n {2}Port 2222$/m);
    expect(configText().includes('ProxyCommand')).toBe(byAgent);
    changePorts({ network: undefined }, true);
    // Another program may get the port.
    expect(configText()).toMatch(NOWHERE);
  });

  it('keeps an address on a bridge, unless the forward is gone', () => {
    writeFileSync(config(), 'of a bridge');
    changePorts({ network: undefined, bridges }, false);
    expect(configText()).toBe('of a bridge');
    changePorts({ network: undefined, bridges }, true);
    expect(configText()).toMatch(NOWHERE);
  });

  it('is not made where there is none', () => {
    changePorts({ network: forwarded }, false);
    expect(existsSync(config())).toBe(false);
  });
});

function configText(): string {
  return readFileSync(sshFiles(files.ssh).config, 'utf8');
}

describe('an image', () => {
  const guest = { user: undefined, firmware: 'bios', cpu: 'x86-64' } as const;

  it('has the agent from the start on, or by a seed that can install it', () => {
    expect(hasAgent({ ...guest, provisioner: 'none', agent: true }, false)).toBe(true);
    expect(hasAgent({ ...guest, provisioner: 'cloud-init', agent: false }, true)).toBe(true);
    expect(hasAgent({ ...guest, provisioner: 'cloud-init', agent: false }, false)).toBe(false);
    expect(hasAgent({ ...guest, provisioner: 'nuageinit', agent: false }, true)).toBe(false);
  });
});
