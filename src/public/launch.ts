/**
 * The start of a throw-away machine, without the options of named machines: their schemas take some milliseconds to make.
 */
export { cloudInitFailure } from '../guest/cloud-init/cloud-init-failure.ts';
export { openTemplate } from '../template/named-templates.ts';
export { dryRun, launch } from '../template/kept/launch-or-fork.ts';
