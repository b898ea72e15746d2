/**
 * Variables that a batch system sets in each job, and nothing else does. Grid Engine's JOB_ID alone is too common a
 * name. CI systems are not included: their steps may leave processes for later steps, and they end them themselves.
 */
const JOBS: readonly (readonly string[])[] = [
  ['SLURM_JOB_ID'],
  ['PBS_JOBID'],
  ['LSB_JOBID'],
  ['SGE_ROOT', 'JOB_ID'],
  ['_CONDOR_JOB_AD'],
  ['FLUX_JOB_ID'],
  ['OAR_JOB_ID'],
];

/** True in a job of Slurm, PBS, LSF, Grid Engine, HTCondor, Flux or OAR. */
export function isBatchJob(environment: NodeJS.ProcessEnv): boolean {
  return JOBS.some((names) => names.every((name) => (environment[name] ?? '') !== ''));
}
