/** The options of throw-away machines as flags of a command line. */
export { NETS } from '../machine/spec/network-flag.ts';
export { launchFlags, templateFlags } from '../machine/spec/launch-options.ts';
export type { OptionFlag, RestOption } from '../machine/spec/option-flag.ts';
export { forkFlags } from '../template/fork-options.ts';
export { keptByDefault } from '../template/kept/kept-by-default.ts';
