import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bootSectors } from '../../../../fixtures/guests/boot-sectors.ts';
import {
  firmwareDirectories,
  readFirmwareDescriptors,
} from '../../../../src/host/firmware/firmware-descriptor.ts';
import { chooseFirmware } from '../../../../src/host/firmware/firmware.ts';
import { probeSwtpm } from '../../../../src/host/programs/swtpm.ts';
import { createDisk } from '../../../../src/images/qemu-img/qemu-img.ts';
import { FIRMWARE_VARS_NODE, firmwareArguments } from '../../../../src/machine/qemu/firmware-arguments.ts';
import { makeNvram } from '../../../../src/machine/launch/nvram.ts';
import { swtpmArguments, tpmArguments } from '../../../../src/machine/qemu/tpm-arguments.ts';
import { acceptOnce } from '../../../../src/passt/qemu-connection.ts';
import { findProgram } from '../../../../src/process/program.ts';
import { type SupervisedProcess, supervise } from '../../../../src/process/supervise.ts';
import { runJob } from '../../../../src/qmp/client/job.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { makeTemporaryDirectory } from '../../../directory.ts';
import { type Board, type BoardParts, LIMITS, environment, startBoard } from '../firmware-lab.ts';
import { awaitedLater } from '../../../until.ts';

const swtpmPath = findProgram('swtpm');
if (swtpmPath === undefined) console.warn('skipped: there is no swtpm');
const described = await readFirmwareDescriptors(firmwareDirectories({}, homedir()));
const hasUefi = described.found.length > 0;
if (!hasUefi)
  console.warn(`skipped in part: no firmware is described in ${described.directories.join(', ')}`);

/** TPM2_Startup(CLEAR), and the tag, the length and the code of an extension of PCR 0, as swtpm's log shows them. */
const STARTUP = '80 01 00 00 00 0C 00 00 01 44 00 00';
const PCR_EXTEND = /80 02 00 00 00 .. 00 00 01 82 00 00 00 00/;

describe.runIf(swtpmPath !== undefined)('a TPM', () => {
  let scope: Scope;
  let directory: string;
  let state: string;

  beforeEach(() => {
    scope = new Scope();
    const made = makeTemporaryDirectory();
    scope.defer(made.remove);
    directory = made.path;
    state = join(directory, 'tpm');
    mkdirSync(state, { mode: 0o700 });
  });
  afterEach(async () => scope.close());

  const log = (): string => readFileSync(join(directory, 'swtpm.log'), 'utf8');

  /** QEMU connects and waits; only then is swtpm started, on that connection. */
  async function startWithTpm(parts: BoardParts): Promise<{ board: Board; swtpm: SupervisedProcess }> {
    const path = join(directory, 'tpm.sock');
    const { accepted } = await acceptOnce(path, scope);
    const start = async (): Promise<SupervisedProcess> => {
      const connection = await accepted;
      const [program, ...words] = swtpmArguments(await probeSwtpm(swtpmPath!, undefined), state);
      const logging = ['--log', `file=${join(directory, 'swtpm.log')},level=20`];
      const started = supervise(
        [program, ...words, ...logging],
        { environment, descriptors: [connection] },
        scope,
      );
      // The keeper keeps no copy either: swtpm would not see the connection close.
      connection.destroy();
      return started;
    };
    const swtpm = awaitedLater(start());
    const board = await startBoard({
      ...parts,
      arguments: [...(parts.arguments ?? []), ...tpmArguments(path)],
    });
    scope.defer(async () => board[Symbol.asyncDispose]());
    return { board, swtpm: await swtpm };
  }

  it('has the properties that swtpm reports', async () => {
    expect(await probeSwtpm(swtpmPath!, undefined)).toEqual({
      path: swtpmPath,
      version: expect.stringMatching(/^\d+\.\d/) as string,
      hasTpm2: true,
      hasClientFd: true,
      hasSeccomp: true,
    });
  });

  it('is available with a BIOS, and ends when QEMU is killed', async () => {
    const image = join(directory, 'hang.raw');
    writeFileSync(image, bootSectors.hang);
    const node = { driver: 'raw', 'node-name': 'disk', file: { driver: 'file', filename: image } };
    const { board, swtpm } = await startWithTpm({
      arguments: ['-blockdev', JSON.stringify(node), '-device', 'virtio-blk-pci,drive=disk'],
    });
    await board.console.waitFor(/up/, LIMITS);
    expect(await board.qmp.execute('query-tpm')).toMatchObject([
      { model: 'tpm-crb', options: { type: 'emulator' } },
    ]);
    expect(log()).toContain(STARTUP);
    expect(readdirSync(state)).toContain('tpm2-00.permall');
    board.qemu.kill('SIGKILL');
    expect(await swtpm.exited).toEqual({ exitCode: 0, signal: undefined });
  });

  it('that dies leaves QEMU running until the guest is reset, which ends QEMU', async () => {
    const { board, swtpm } = await startWithTpm({ arguments: ['-S'] });
    swtpm.kill('SIGKILL');
    await swtpm.exited;
    expect(await board.qmp.execute('query-status')).toMatchObject({ status: 'prelaunch' });
    // It may be answered before QEMU exits, or not.
    await board.qmp.execute('system_reset').catch(() => undefined);
    expect(await board.qemu.exited).toEqual({ exitCode: 1, signal: undefined });
    expect(board.qemu.output.last(5).join('\n')).toContain('Could not stop TPM');
  });

  it.runIf(hasUefi)('holds measurements of UEFI, and is part of snapshots', async () => {
    const firmware = chooseFirmware(described, 'uefi-secure', { architecture: 'x86_64', machine: 'q35' });
    const nvram = join(directory, 'nvram.qcow2');
    await makeNvram({ path: nvram, template: firmware.varsTemplate });
    const disk = join(directory, 'disk.qcow2');
    await createDisk({ path: disk, format: 'qcow2', sizeBytes: 1024 * 1024 });
    const { boardOptions, arguments: words } = firmwareArguments(firmware, nvram);
    const node = { driver: 'qcow2', 'node-name': 'disk', file: { driver: 'file', filename: disk } };
    const parts = { boardOptions, arguments: [...words, '-blockdev', JSON.stringify(node)] };
    const snapshot = { tag: 'one', vmstate: 'disk', devices: ['disk', FIRMWARE_VARS_NODE] };
    {
      const { board, swtpm } = await startWithTpm(parts);
      await board.console.waitFor(/No bootable option/, LIMITS);
      expect(log()).toContain(STARTUP);
      expect(log()).toMatch(PCR_EXTEND);
      await runJob(board.qmp, 'snapshot-save', snapshot);
      await board.qmp.execute('quit');
      expect(await swtpm.exited).toEqual({ exitCode: 0, signal: undefined });
    }
    {
      const { board } = await startWithTpm({ ...parts, arguments: [...parts.arguments, '-S'] });
      await runJob(board.qmp, 'snapshot-load', snapshot);
      await board.qmp.execute('cont');
      expect(await board.qmp.execute('query-status')).toMatchObject({ status: 'running' });
    }
  });
});
