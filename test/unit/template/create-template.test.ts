import { describe, expect, it } from 'vitest';
import type { CloudInitStatus } from '../../../src/guest/cloud-init/cloud-init-status.ts';
import { createTemplate, refuseFailedBoot } from '../../../src/template/create-template.ts';

const FAILED: CloudInitStatus = {
  state: 'failed',
  reason: undefined,
  stage: undefined,
  module: undefined,
  problems: [{ module: 'package_update_upgrade_install', problem: 'no such package: ngnix' }],
  warnings: [],
  output: ['E: Unable to locate package ngnix'],
};

describe('a guest that is to become a template', () => {
  it('is rejected when its first boot has failed, with the output and what to do without its log', () => {
    expect(() => refuseFailedBoot({ cloudInit: FAILED })).toThrow(
      expect.objectContaining({
        code: 'VMLET_CLOUD_INIT',
        message:
          'cloud-init failed in the guest of the template: package_update_upgrade_install (packages): no such package: ngnix',
        output: ['E: Unable to locate package ngnix'],
        hint: expect.stringMatching(/^correct .*create the template again/) as string,
      }),
    );
  });

  it.each([undefined, 'absent', 'disabled', 'done'] as const)('is accepted with cloud-init %s', (state) => {
    const cloudInit = state === undefined ? undefined : { ...FAILED, state, problems: [], output: [] };
    expect(() => refuseFailedBoot({ cloudInit })).not.toThrow();
  });
});

it('a template is rejected with a MAC address, which only its forks have', async () => {
  const options: object = { mac: '52:54:00:12:34:56' };
  await expect(createTemplate(options)).rejects.toMatchObject({
    message: 'mac: a template cannot have a MAC address',
    field: 'mac',
  });
});

it.each([
  ['options', 'micro'],
  ['run', { run: 5 }],
  ['prepare', { prepare: 'true' }],
  ['existing', { existing: 'overwrite' }],
  ['signal', { signal: 5 }],
])('a template is rejected with invalid %s before anything starts', async (field, options) => {
  await expect(createTemplate(options as object)).rejects.toMatchObject({
    code: 'VMLET_INVALID_INPUT',
    field,
  });
});
