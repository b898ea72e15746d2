/**
 * Variables that are set by a batch system in each job, and by nothing else. JOB_ID alone, which Grid Engine sets, is
 * everybody's name. A continuous integration is none: its steps may leave processes for later ones, and it ends them
 * itself.
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

/** Whether this process belongs to a job of Slurm, PBS, LSF, Grid Engine, HTCondor, Flux or OAR. */
export function isBatchJob(environment: NodeJS.ProcessEnv): boolean {
  return JOBS.some((names) => names.every((name) => (environment[name] ?? '') !== ''));
}
