/** The options of named machines as flags of a command line. `vmlet run` does without them. */
export { changeFlags } from '../machines/spec/changed-spec.ts';
export { createFlags } from '../machines/spec/create-options.ts';
