import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { probePasst } from '../../../src/host/passt.ts';
import { requireProgram } from '../../../src/process/program.ts';

describe('probePasst', () => {
  it('finds that the host’s passt runs', async () => {
    const features = await probePasst(requireProgram('passt'), undefined);
    expect(features).toMatchObject({ hasFd: true, problem: undefined });
  });

  it('finds a passt that has everything and does not start', async () => {
    const path = join(import.meta.dirname, '../../../fixtures/host/passt-without-namespaces');
    expect(await probePasst(path, undefined)).toEqual({
      path,
      version: '2025_01_01.0000000',
      hasFd: true,
      hasVhostUser: true,
      problem: "Couldn't create user namespace: Operation not permitted",
    });
  });
});
