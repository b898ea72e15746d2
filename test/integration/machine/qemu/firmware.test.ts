import { mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bootSectors } from '../../../../fixtures/guests/boot-sectors.ts';
import { efiApplication } from '../../../../fixtures/guests/efi-application.ts';
import { ImageLockedError, InvalidInputError } from '../../../../src/errors/index.ts';
import { confineQemu } from '../../../../src/host/confined-programs.ts';
import {
  firmwareDirectories,
  readFirmwareDescriptors,
} from '../../../../src/host/firmware/firmware-descriptor.ts';
import { type Firmware, type UefiKind, chooseFirmware } from '../../../../src/host/firmware/firmware.ts';
import { surveyHost } from '../../../../src/host/probe.ts';
import { inspectDisk } from '../../../../src/images/qemu-img/inspect-disk.ts';
import { createDisk } from '../../../../src/images/qemu-img/qemu-img.ts';
import { FIRMWARE_VARS_NODE, firmwareArguments } from '../../../../src/machine/qemu/firmware-arguments.ts';
import { makeNvram, resetNvram } from '../../../../src/machine/launch/nvram.ts';
import { confine } from '../../../../src/process/confine/confine.ts';
import { layersOf } from '../../../../src/process/confine/layers.ts';
import { run } from '../../../../src/process/run.ts';
import { runJob } from '../../../../src/qmp/client/job.ts';
import { makeTemporaryDirectory } from '../../../directory.ts';
import { type Board, LIMITS, askEfiVariable, efiVariableProgram, startBoard } from '../firmware-lab.ts';

const described = await readFirmwareDescriptors(firmwareDirectories({}, homedir()));
const available = described.found.length > 0;
if (!available) console.warn(`skipped: no firmware is described in ${described.directories.join(', ')}`);

function choose(wanted: UefiKind): Firmware {
  return chooseFirmware(described, wanted, { architecture: 'x86_64', machine: 'q35' });
}

const virtioDisk = (node: object, name = 'disk'): string[] => [
  ...['-blockdev', JSON.stringify({ 'node-name': name, ...node })],
  ...['-device', `virtio-blk-pci,drive=${name}`],
];

describe.runIf(available)('UEFI firmware', () => {
  let directory = '';
  let remove = (): void => undefined;

  beforeAll(() => ({ path: directory, remove } = makeTemporaryDirectory()));
  afterAll(() => remove());

  /** The comma would end an unquoted value. */
  const nvramPath = (name: string): string => join(directory, `nvram,${name}.qcow2`);

  /** A disk from which the firmware starts a program. */
  function bootable(name: string, program: Buffer): string[] {
    const boot = join(directory, name, 'EFI', 'BOOT');
    mkdirSync(boot, { recursive: true });
    writeFileSync(join(boot, 'BOOTX64.EFI'), program);
    return virtioDisk({ driver: 'vvfat', dir: join(directory, name), 'read-only': true }, 'esp');
  }

  const unsignedProgram = (): string[] => bootable('unsigned', efiApplication('unsigned, and here\r\n'));

  async function boot(firmware: Firmware, nvram: string, more: readonly string[]): Promise<Board> {
    const { boardOptions, arguments: words } = firmwareArguments(firmware, nvram);
    return startBoard({ boardOptions, arguments: [...words, ...more] });
  }

  it('keeps its variables when QEMU is killed, and takes them back with a snapshot', async () => {
    const firmware = choose('uefi');
    const nvram = nvramPath('kept');
    const disk = join(directory, 'disk.qcow2');
    await createDisk({ path: disk, format: 'qcow2', sizeBytes: 1024 * 1024 });
    await makeNvram({ path: nvram, template: firmware.varsTemplate });
    await expect(makeNvram({ path: nvram, template: firmware.varsTemplate })).rejects.toThrow(
      InvalidInputError,
    );
    const parts = [
      ...virtioDisk({ driver: 'qcow2', file: { driver: 'file', filename: disk } }),
      ...bootable('variable', await efiVariableProgram(directory)),
    ];
    {
      await using board = await boot(firmware, nvram, parts);
      await askEfiVariable(board, '0', '-');
      await askEfiVariable(board, 'b', 'b');
      board.qemu.kill('SIGKILL');
    }
    const snapshot = { tag: 'one', vmstate: 'disk', devices: ['disk', FIRMWARE_VARS_NODE] };
    {
      await using board = await boot(firmware, nvram, parts);
      await askEfiVariable(board, '1', 'b');
      await runJob(board.qmp, 'snapshot-save', snapshot);
      await askEfiVariable(board, 'a', 'a');
      await board.qmp.execute('stop');
      await runJob(board.qmp, 'snapshot-load', snapshot);
      await board.qmp.execute('cont');
      await askEfiVariable(board, '2', 'b');
      await expect(resetNvram({ path: nvram, template: firmware.varsTemplate })).rejects.toThrow(
        ImageLockedError,
      );
    }
    await resetNvram({ path: nvram, template: firmware.varsTemplate });
    const { path, format } = firmware.varsTemplate;
    await run(['qemu-img', 'compare', '-f', format, '-F', 'qcow2', path, nvram]);
    const { snapshots } = await inspectDisk({ path: nvram, format: 'qcow2' });
    expect(snapshots.map(({ name }) => name)).toEqual(['one']);
  });

  it('starts an unsigned program, and accesses only its own files', async () => {
    const firmware = choose('uefi');
    const nvram = nvramPath('open');
    await makeNvram({ path: nvram, template: firmware.varsTemplate });
    const { qemu, confinement } = await surveyHost({ cacheDirectory: join(directory, 'cache') });
    const files = {
      readOnly: [firmware.code.path],
      readWrite: [],
      own: [directory],
      kvm: false,
      resolver: [],
    };
    const layers = layersOf({ connects: 'nowhere', longestFile: undefined }, confinement);
    const { boardOptions, arguments: words } = firmwareArguments(firmware, nvram);
    await using board = await startBoard({
      boardOptions,
      arguments: [...words, ...unsignedProgram()],
      confinement: confine(confineQemu(qemu!, files), layers),
    });
    await board.console.waitFor(/unsigned, and here/, LIMITS);
  });

  it('rejects an unsigned program with Secure Boot, and only its own code can write the variables', async () => {
    const firmware = choose('uefi-secure');
    const nvram = nvramPath('secure');
    await makeNvram({ path: nvram, template: firmware.varsTemplate });
    await using board = await boot(firmware, nvram, unsignedProgram());
    await board.console.waitFor(/failed to load .*Access Denied/, LIMITS);
    const secure = await board.qmp.execute('qom-get', {
      path: '/machine/system.flash1',
      property: 'secure',
    });
    expect(secure).toBe(true);
  });
});

describe('BIOS', () => {
  it('is the default of a board without firmware', async () => {
    const { path, remove } = makeTemporaryDirectory();
    try {
      const image = join(path, 'hang.raw');
      writeFileSync(image, bootSectors.hang);
      const parts = virtioDisk({ driver: 'raw', file: { driver: 'file', filename: image } });
      await using board = await startBoard({ arguments: parts });
      await board.console.waitFor(/up/, LIMITS);
    } finally {
      remove();
    }
  });
});
