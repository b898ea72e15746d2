import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Host } from '../../../src/host/survey/host.ts';
import { locate } from '../../../src/machine/paths/locations.ts';
import { chooseHostPorts } from '../../../src/network/ports/host-port.ts';
import type { BoundNetworkPlan } from '../../../src/network/plan/network.ts';
import { planMachineNetwork } from '../../../src/machines/plan/machine-network.ts';
import { type MachineFiles, machineFiles } from '../../../src/machines/record/machine-files.ts';
import { type SshRecord, isEnteredByAgent, writeSshRecord } from '../../../src/machines/record/ssh-record.ts';
import { plannedPorts } from '../../../src/machines/spec/forwards.ts';
import type { MachineSpec } from '../../../src/machines/spec/machine-spec.ts';
import { type TemporaryDirectory, makeTemporaryDirectory } from '../../directory.ts';

const FOR_SSH = { protocol: 'tcp', hostAddress: '127.0.0.1', guestPort: 22 };
const system = { name: 'web', net: 'auto', ports: [], boot: { kind: 'firmware' } } as unknown as MachineSpec;
const micro = { ...system, boot: { kind: 'image', image: 'micro' } } as unknown as MachineSpec;
const installing = { ...system, installer: { kernel: 'linux', append: '' } } as unknown as MachineSpec;
const passt = { path: '/usr/bin/passt', hasFd: true, hasVhostUser: true, completesHandshakes: true };

let directory: TemporaryDirectory;
let files: MachineFiles;
beforeEach(() => {
  directory = makeTemporaryDirectory();
  const locations = locate({ XDG_DATA_HOME: join(directory.path, 'data') }, directory.path, 0);
  files = machineFiles(locations, 'web', '00000000');
  mkdirSync(files.ssh, { recursive: true });
});
afterEach(() => directory.remove());

async function freePort(): Promise<number> {
  const forward = { protocol: 'tcp', hostAddress: '127.0.0.1', hostPort: undefined, guestPort: 22 } as const;
  const [{ hostPort } = { hostPort: 0 }] = await chooseHostPorts([forward], undefined);
  return hostPort;
}

/** The network of a start, and the forwards that are shown before it. */
async function planned(spec: MachineSpec, record?: SshRecord, abilities: object = passt) {
  if (record) writeSshRecord(files.ssh, record);
  const host = { passt: abilities } as unknown as Host;
  const { backend, forwards, addsSsh } = (await planMachineNetwork(
    { spec, files },
    host,
    [],
    undefined,
  )) as BoundNetworkPlan;
  const shown = plannedPorts(spec, isEnteredByAgent({ spec, files }));
  expect(forwards.map(({ guestPort }) => guestPort)).toEqual(shown.map(({ guestPort }) => guestPort));
  // By this, a forward of an interrupted `port add` is told from it while the machine is running.
  expect(addsSsh).toBe(forwards.length > spec.ports.length);
  expect(shown.some(({ automatic }) => automatic)).toBe(addsSsh);
  return { backend, forwards };
}

describe('the forward for ssh that every user of the host could connect to', () => {
  it('is not opened if vmlet’s agent leads to the server', async () => {
    expect((await planned(micro)).forwards).toEqual([]);
    expect((await planned(system, { byAgent: true })).forwards).toEqual([]);
    const asked = { ...FOR_SSH, protocol: 'tcp' as const, hostPort: await freePort() };
    const { forwards } = await planned({ ...system, ports: [asked] }, { byAgent: true });
    expect(forwards).toMatchObject([asked]);
  });

  it('is opened for a guest that is not known to have the agent', async () => {
    expect((await planned(system)).forwards).toMatchObject([FOR_SSH]);
    expect((await planned(system, { provisionedFor: 'root' })).forwards).toMatchObject([FOR_SSH]);
    // Its server does not listen on the guest's loopback.
    expect((await planned(micro, { byAgent: false })).forwards).toMatchObject([FOR_SSH]);
    // An installer boots before the system with the agent.
    expect((await planned(installing, { byAgent: true })).forwards).toMatchObject([FOR_SSH]);
    writeFileSync(join(files.ssh, 'record.json'), '{');
    expect((await planned(system)).forwards).toMatchObject([FOR_SSH]);
  });

  it('has no effect on the backend: a running machine can get other forwards', async () => {
    const old = { ...passt, completesHandshakes: false };
    expect((await planned(micro, undefined, old)).backend).toBe('slirp');
    expect((await planned(system, undefined, old)).backend).toBe('slirp');
    expect((await planned({ ...micro, net: 'passt' }, undefined, old)).backend).toBe('passt-stream');
    expect((await planned(micro)).backend).toBe('passt-stream');
  });
});
