import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../../../src/errors/index.ts';
import { firmwareArguments } from '../../../../src/machine/qemu/firmware-arguments.ts';
import { swtpmArguments, tpmArguments } from '../../../../src/machine/qemu/tpm-arguments.ts';

const code = { path: '/share/CODE,4M.fd', format: 'raw' } as const;

describe('the arguments of UEFI', () => {
  it('are two flash chips, the code read-only', () => {
    const { boardOptions, arguments: words } = firmwareArguments(
      { code, secureBoot: false, needsSmm: false },
      '/machines/a,b/nvram.qcow2',
    );
    expect(boardOptions).toEqual({ pflash0: 'firmware-code', pflash1: 'firmware-vars' });
    expect(words.filter((word) => word.startsWith('-'))).toEqual(['-blockdev', '-blockdev']);
    expect(JSON.parse(words[1] ?? '')).toEqual({
      driver: 'raw',
      'node-name': 'firmware-code',
      'read-only': true,
      file: { driver: 'file', filename: '/share/CODE,4M.fd', 'read-only': true },
    });
    expect(JSON.parse(words[3] ?? '')).toEqual({
      driver: 'qcow2',
      'node-name': 'firmware-vars',
      file: { driver: 'file', filename: '/machines/a,b/nvram.qcow2' },
      backing: null,
    });
  });

  it('prevent a qcow2 of the host from naming another file', () => {
    const { arguments: words } = firmwareArguments(
      { code: { ...code, format: 'qcow2' }, secureBoot: false, needsSmm: false },
      '/nvram.qcow2',
    );
    expect(JSON.parse(words[1] ?? '')).toMatchObject({ driver: 'qcow2', backing: null });
  });

  it('protect the variables if the firmware has Secure Boot', () => {
    const { boardOptions, arguments: words } = firmwareArguments(
      { code, secureBoot: true, needsSmm: true },
      '/nvram.qcow2',
    );
    expect(boardOptions).toMatchObject({ smm: 'on' });
    expect(words.slice(-2)).toEqual(['-global', 'driver=cfi.pflash01,property=secure,value=on']);
  });

  it.each([
    [true, false],
    [false, true],
    [false, false],
  ])('protect them not with SMM %s and Secure Boot %s', (needsSmm, secureBoot) => {
    const { boardOptions, arguments: words } = firmwareArguments(
      { code, secureBoot, needsSmm },
      '/nvram.qcow2',
    );
    expect('smm' in boardOptions).toBe(needsSmm);
    expect(words).toHaveLength(4);
  });
});

describe('the arguments of a TPM', () => {
  it('start swtpm with an inherited connection', () => {
    const words = swtpmArguments({ path: '/usr/bin/swtpm', hasSeccomp: true }, '/machines/a b/tpm');
    expect(words).toEqual([
      '/usr/bin/swtpm',
      'socket',
      '--tpm2',
      ...['--tpmstate', 'dir=/machines/a b/tpm,mode=0600'],
      ...['--ctrl', 'type=unixio,clientfd=3'],
      '--terminate',
      ...['--seccomp', 'action=kill'],
    ]);
    expect(swtpmArguments({ path: 'swtpm', hasSeccomp: false }, '/tpm').at(-1)).toBe('--terminate');
  });

  it('reject a directory that swtpm would read as options', () => {
    const start = (): unknown => swtpmArguments({ path: 'swtpm', hasSeccomp: true }, '/a,mode=0666/tpm');
    expect(start).toThrow(InvalidInputError);
    expect(start).toThrow('tpm: swtpm does not support paths with a comma: /a,mode=0666/tpm');
    expect(start).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('or remove the TPM') as string }),
    );
  });

  it('connect QEMU to the path', () => {
    expect(tpmArguments('/run/a,b/tpm.sock')).toEqual([
      ...['-chardev', 'socket,id=tpm-control,path=/run/a,,b/tpm.sock'],
      ...['-tpmdev', 'emulator,id=tpm,chardev=tpm-control'],
      ...['-device', '{"driver":"tpm-crb","id":"tpm-device","tpmdev":"tpm"}'],
    ]);
  });
});
