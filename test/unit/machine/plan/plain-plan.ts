import { machineDirectory } from '../../../../src/machine/paths/directory.ts';
import type { NamedPlan } from '../../../../src/machine/plan/named-plan.ts';
import type { DiskPlan, Plan } from '../../../../src/machine/plan/plan.ts';

/** A minimal plan, of which tests change the part that they check. */
export const plainPlan: Plan = {
  name: 'web',
  qemu: '/usr/bin/qemu',
  layers: { namespaces: [], landlock: undefined, seccomp: [], longestFile: undefined, gaps: [] },
  cgroup: undefined,
  sandbox: false,
  monitorObjects: false,
  board: { type: 'q35', options: { hpet: 'off' } },
  accelerator: { kind: 'kvm', cpu: 'host' },
  cpu: 'host',
  cpus: 1,
  memoryBytes: 256 * 1024 ** 2,
  memory: { kind: 'private' },
  incoming: false,
  hasGenerationId: false,
  boot: { kind: 'disk' },
  firmware: undefined,
  disks: [],
  seed: undefined,
  shares: [],
  volumes: [],
  rootPorts: [],
  tmpfs: [],
  network: undefined,
  cards: [],
  wiring: {
    monitor: { kind: 'inherited', descriptor: 3 },
    agent: { kind: 'inherited', descriptor: 4 },
    console: { kind: 'inherited', descriptor: 5 },
    network: { descriptor: 6 },
    cards: 'listens',
  },
  onReset: 'restart',
  startPaused: false,
  directory: machineDirectory('/run/m', '/disks/m'),
  readOnlyFiles: [],
  guest: { hostname: 'web', modules: [], optionalModules: [], setsUpNetwork: false },
};

export const plainDisk: DiskPlan = {
  nodeName: 'disk0',
  path: '/disks/m/disk0.qcow2',
  format: 'qcow2',
  readOnly: false,
  backing: undefined,
  createBytes: undefined,
  cache: 'writeback',
  discard: true,
  serial: undefined,
  bus: undefined,
  bootIndex: undefined,
};

/** The same for a named machine. */
export const plainNamedPlan: NamedPlan = {
  ...plainPlan,
  uuid: '7a5c0d3e-0000-4000-8000-000000000001',
  monitorSockets: [],
  guestAgentSocket: '/run/m/qga.sock',
  tpmSocket: undefined,
  vncSocket: undefined,
  cdroms: [],
  copies: [],
  settings: undefined,
  rootPorts: [],
  bridges: [],
  privateCards: [],
  relay: undefined,
};
