import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Locations, locate } from '../../../src/machine/paths/locations.ts';
import { type Definition, readDefinition } from '../../../src/machines/record/definition.ts';
import { machineFiles } from '../../../src/machines/record/machine-files.ts';
import {
  type MachineSpec,
  type StoredDisk,
  formatMachineSpec,
} from '../../../src/machines/spec/machine-spec.ts';
import { identifyProcess } from '../../../src/process/procfs/identity.ts';

/** A machine as `create` writes it. */
export const SPEC: MachineSpec = {
  version: 1,
  id: '01234567',
  uuid: '2b0e9b5c-0f0f-4b7c-9d5c-3a1f5a2f8a11',
  name: 'web',
  createdAt: '2026-01-01T00:00:00Z',
  memoryBytes: 2 ** 29,
  cpus: 1,
  accel: 'auto',
  cpu: 'auto',
  firmware: { kind: 'bios' },
  tpm: false,
  boot: { kind: 'firmware' },
  disks: [],
  cdroms: [],
  net: 'none',
  mac: '52:54:00:00:00:01',
  ports: [],
  guestIdentity: 'own',
  sshUser: 'root',
  display: 'none',
  labels: {},
  protected: false,
};

export interface Stored {
  readonly locations: Locations;
  readonly definition: Definition;
}

/** Writes the files of a machine that has never run, in place of an earlier one. */
export function storedMachine(home: string, changed: Partial<MachineSpec> = {}): Stored {
  const variables = { XDG_DATA_HOME: home, XDG_STATE_HOME: join(home, 'state'), XDG_RUNTIME_DIR: home };
  const locations = locate(variables, home, 0);
  const spec = { ...SPEC, ...changed };
  const files = machineFiles(locations, spec.name, spec.id);
  rmSync(files.directory, { recursive: true, force: true });
  for (const directory of [files.storage, files.boot, files.ssh, files.keeper])
    mkdirSync(directory, { recursive: true });
  writeFileSync(files.spec, formatMachineSpec(spec));
  writeFileSync(files.lock, '');
  return { locations, definition: readDefinition(locations, spec.name) };
}

/** Makes a machine count as running, with this process as its keeper. */
export function countAsRunning(
  { definition: { files } }: Stored,
  plan: object = {},
  state = 'running',
): void {
  const { bootId, ...keeper } = identifyProcess(process.pid)!;
  const record = { version: 1, bootId, keeper, qemu: null, helpers: {}, state, startedAt: 1000 };
  writeFileSync(files.run, JSON.stringify(record));
  const parts = {
    board: { options: {} },
    accelerator: { kind: 'tcg' },
    directory: { sockets: files.sockets },
    disks: [],
    cdroms: [],
    rootPorts: [],
  };
  writeFileSync(files.plan, JSON.stringify({ ...parts, ...plan }));
}

export const storedDisk = (name: string, changed: Partial<StoredDisk> = {}): StoredDisk => ({
  name,
  file: `${name}.qcow2`,
  owned: true,
  format: 'qcow2',
  readOnly: false,
  cache: 'writeback',
  discard: true,
  ...changed,
});
