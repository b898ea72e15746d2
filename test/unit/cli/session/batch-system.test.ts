import { expect, test } from 'vitest';
import { isBatchJob } from '../../../../src/cli/session/batch-system.ts';

test.each([
  ['Slurm', { SLURM_JOB_ID: '12' }],
  ['PBS', { PBS_JOBID: '12.server' }],
  ['LSF', { LSB_JOBID: '12' }],
  ['Grid Engine', { SGE_ROOT: '/opt/sge', JOB_ID: '12' }],
  ['HTCondor', { _CONDOR_JOB_AD: '/x/.job.ad' }],
  ['Flux', { FLUX_JOB_ID: 'f12' }],
  ['OAR', { OAR_JOB_ID: '12' }],
])('%s is detected as a batch job', (_, environment) => {
  expect(isBatchJob({ PATH: '/bin', ...environment })).toBe(true);
});

test.each([
  ['nothing', {}],
  ['a node where Grid Engine is installed', { SGE_ROOT: '/opt/sge' }],
  ['another program’s JOB_ID', { JOB_ID: '12' }],
  ['an empty variable', { SLURM_JOB_ID: '' }],
  ['Slurm’s options outside of a job', { SLURM_CONF: '/etc/slurm.conf', SBATCH_ACCOUNT: 'x' }],
  ['a CI service', { CI: 'true', GITHUB_ACTIONS: 'true', BUILD_ID: '12' }],
])('%s is not a batch job', (_, environment) => {
  expect(isBatchJob(environment)).toBe(false);
});
